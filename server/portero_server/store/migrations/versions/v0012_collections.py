"""What is known of the engine's collection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    counts = ("stored", "missing", "foreign", "others", "other_models")
    op.create_table(
        "collections",
        sa.Column("name", sa.String(190), primary_key=True),
        sa.Column("claimed_at", UtcTime, nullable=False),
        sa.Column("compared_at", UtcTime),
        *(sa.Column(name, sa.String(63), nullable=False) for name in ("state", "engine", "model_version")),
        sa.Column("kept_faces", sa.BigInteger),
        *(sa.Column(f"{kind}_faces", sa.BigInteger, nullable=False) for kind in counts),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
