"""Faces that an engine has yet to remove, and whom erased people are adopted as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    # A server of the version before notes neither: the faces of whom it deletes leave when its own engine answers.
    op.add_column("erasures", sa.Column("adopted_as", sa.Text))
    op.create_table(
        "leaving_faces",
        sa.Column("engine", sa.String(63), primary_key=True),
        sa.Column("external_id", sa.String(190), primary_key=True),
        sa.Column("face_id", sa.String(63), nullable=False),
        sa.Column("person_id", sa.String(63), nullable=False),
        sa.Index("ix_leaving_faces_person", "person_id"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
