"""People who turned out to be somebody else who is enrolled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "merged_people",
        sa.Column("merged_id", sa.String(63), primary_key=True),
        sa.Column(
            "person_id",
            sa.String(63),
            sa.ForeignKey("people.person_id", name="fk_merged_people_person", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("merged_at", UtcTime, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_merged_people_person", "merged_people", ["person_id"])
