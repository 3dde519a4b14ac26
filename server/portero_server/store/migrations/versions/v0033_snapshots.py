"""Snapshots of sightings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    # A server of the version before knows none, and leaves the rows of what it removes: they are found and removed.
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", sa.String(63), primary_key=True),
        sa.Column("track_id", sa.String(190), nullable=False),
        sa.Column("camera_id", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("state", sa.String(63), nullable=False),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("quality", sa.Double, nullable=False),
        sa.Column("taken_at", UtcTime, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("kept_at", UtcTime),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Index("ix_snapshots_track", "track_id"),
        sa.Index("ix_snapshots_camera", "camera_id", "taken_at"),
        sa.Index("ix_snapshots_state", "state", "snapshot_id"),
        sa.Index("ix_snapshots_created", "created_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
