"""The order in which changes of attendance are told to watchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    # A server of the version before leaves it null: what it publishes is listed, and not told to watchers.
    op.add_column("attendance_changes", sa.Column("position", sa.BigInteger))
    op.create_index("uq_attendance_changes_position", "attendance_changes", ["position"], unique=True)
    op.execute("INSERT INTO sequencers (name, position) VALUES ('attendance_changes', 0)")
