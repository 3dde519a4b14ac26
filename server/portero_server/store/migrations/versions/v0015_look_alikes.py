"""Pairs of people who may be taken for each other."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "look_alikes",
        *(
            sa.Column(
                f"{which}_face_id",
                sa.String(63),
                # A server of the version before, which knows no pairs, removes them with their faces.
                sa.ForeignKey("faces.face_id", name=f"fk_look_alikes_{which}_face", ondelete="CASCADE"),
                primary_key=True,
            )
            for which in ("first", "second")
        ),
        sa.Column("first_person_id", sa.String(63), nullable=False),
        sa.Column("second_person_id", sa.String(63), nullable=False),
        sa.Column("similarity", sa.Double, nullable=False),
        sa.Column("found_at", UtcTime, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_index("ix_look_alikes_people", "look_alikes", ["first_person_id", "second_person_id"])
    op.create_index("ix_look_alikes_second", "look_alikes", ["second_face_id"])
