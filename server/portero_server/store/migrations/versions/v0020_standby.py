"""A second collection beside the one in use: which there are, and which faces are of the same photograph."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "gallery_collections",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("collection", sa.String(190), nullable=False),
        sa.Column("region", sa.String(63), nullable=False),
        sa.Column("role", sa.String(63), nullable=False),
        sa.Column("model_version", sa.String(63), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("switched_at", UtcTime),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.create_table(
        "shadow_searches",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(63), primary_key=True),
        sa.Column("searches", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    # A server of the version before leaves it null, and knows one collection only.
    op.add_column("faces", sa.Column("twin_of", sa.String(63)))
    op.create_index("ix_faces_twin", "faces", ["twin_of"])
    # The row that every change of a role locks.
    op.bulk_insert(_SEQUENCERS, [{"name": "collections", "position": 0}])


_SEQUENCERS = sa.table("sequencers", sa.column("name", sa.String), sa.column("position", sa.BigInteger))
