"""Faces that wait to be compared with those of others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "uncompared_faces",
        sa.Column(
            "face_id",
            sa.String(63),
            sa.ForeignKey("faces.face_id", name="fk_uncompared_faces_face", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("tried_at", UtcTime, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_uncompared_faces_tried", "uncompared_faces", ["tried_at"])
