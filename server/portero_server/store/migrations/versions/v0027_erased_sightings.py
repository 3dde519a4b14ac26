"""Which sightings were of people who were erased since: they are no strangers to alert of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    # A server of the version before leaves it null when it erases: what it erases may be alerted of, as it always was.
    op.add_column("sightings", sa.Column("erased", sa.Boolean()))
