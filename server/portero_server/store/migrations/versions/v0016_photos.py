"""Photographs that the vault keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "photos",
        sa.Column("photo_id", sa.String(63), primary_key=True),
        sa.Column("person_id", sa.String(63), nullable=False),
        sa.Column("face_id", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("state", sa.String(63), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("kept_at", UtcTime),
        sa.Index("ix_photos_person", "person_id", "digest"),
        sa.Index("ix_photos_face", "face_id"),
        sa.Index("ix_photos_state", "state", "photo_id"),
        sa.Index("ix_photos_created", "created_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
