"""The liveness session of a check-in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    # Null where none was asked for, as in all that an older server begins.
    op.add_column("check_ins", sa.Column("liveness_session", sa.String(63)))
