"""The view that each camera should have since it was placed, and whether it has it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Binary, UtcTime

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    # A server of the version before keeps none, and takes a camera that was moved for one that watches, as it did.
    op.create_table(
        "attendance_views",
        sa.Column("camera_id", sa.String(63), primary_key=True),
        sa.Column("starts_at", UtcTime, primary_key=True),
        sa.Column("reference", Binary, nullable=False),
        sa.Column("learned", sa.Boolean, nullable=False),
        sa.Column("moved", sa.Boolean, nullable=False),
        sa.Column("turning_at", UtcTime),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
