"""Strangers who are known again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Binary, UtcTime

revision = "0018"
down_revision = "0017"

_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "visitors",
        sa.Column("visitor_id", sa.String(63), primary_key=True),
        sa.Column("site", sa.String(63), nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Index("ix_visitors_created", "created_at", "visitor_id"),
        sa.Index("ix_visitors_site", "site", "visitor_id"),
        **_OPTIONS,
    )
    op.create_table(
        "visitor_encodings",
        sa.Column("encoding_id", sa.String(63), primary_key=True),
        sa.Column("visitor_id", sa.String(63), _visitor("visitor_encodings"), nullable=False),
        sa.Column("sighting_id", sa.String(63), _sighting("visitor_encodings"), nullable=False),
        sa.Column("model_version", sa.String(63), nullable=False),
        sa.Column("embedding", Binary, nullable=False),
        sa.Column("quality", sa.Double, nullable=False),
        sa.Column("seen_at", UtcTime, nullable=False),
        sa.Index("ix_visitor_encodings_visitor", "visitor_id", "seen_at"),
        sa.Index("ix_visitor_encodings_sighting", "sighting_id"),
        sa.Index("ix_visitor_encodings_seen", "seen_at"),
        **_OPTIONS,
    )
    op.create_table(
        "visitor_visits",
        sa.Column("sighting_id", sa.String(63), _sighting("visitor_visits"), primary_key=True),
        sa.Column("visitor_id", sa.String(63), _visitor("visitor_visits"), nullable=False),
        sa.Column("visit", sa.Integer, nullable=False),
        sa.Column("seen_at", UtcTime, nullable=False),
        sa.Index("ix_visitor_visits_visitor", "visitor_id", "seen_at"),
        sa.Index("ix_visitor_visits_seen", "seen_at"),
        **_OPTIONS,
    )
    # The row that every change of a visitor locks.
    op.bulk_insert(_SEQUENCERS, [{"name": "visitors", "position": 0}])


_SEQUENCERS = sa.table("sequencers", sa.column("name", sa.String), sa.column("position", sa.BigInteger))


def _visitor(table: str) -> sa.ForeignKey:
    return sa.ForeignKey("visitors.visitor_id", name=f"fk_{table}_visitor", ondelete="CASCADE")


def _sighting(table: str) -> sa.ForeignKey:
    # A server of the version before, which knows no visitors, removes what comes from a sighting with it.
    return sa.ForeignKey("sightings.sighting_id", name=f"fk_{table}_sighting", ondelete="CASCADE")
