"""The days that the scheduled export writes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from portero_server.store.types import UtcTime

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    # A server of the version before exports nothing by itself, and does not note whom it erases: PORTERO_EXPORT is set
    # when all servers are of this version.
    op.create_table(
        "export_days",
        sa.Column("export_id", sa.String(63), primary_key=True),
        sa.Column("day", sa.String(63), primary_key=True),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("written", sa.BigInteger, nullable=False),
        sa.Column("read_at", UtcTime),
        *(sa.Column(f"{kind}_since", UtcTime) for kind in ("strangers", "visitors", "sightings")),
        sa.Column("partitions", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.bulk_insert(_SEQUENCERS, [{"name": "export_days", "position": 0}])


_SEQUENCERS = sa.table("sequencers", sa.column("name", sa.String), sa.column("position", sa.BigInteger))
