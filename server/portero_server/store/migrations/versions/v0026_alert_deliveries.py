"""Which deliveries were alerts, beside the kind of the event that each was told instead of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    # A server of the version before leaves it null: it sends no alerts, and reads the kind alone.
    op.add_column("subscription_deliveries", sa.Column("alert", sa.String(63)))
