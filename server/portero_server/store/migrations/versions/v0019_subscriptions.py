"""Subscriptions to events."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import Binary, UtcTime

revision = "0019"
down_revision = "0018"

_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.String(63), primary_key=True),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("url", Binary, nullable=False),
        sa.Column("endpoint", sa.String(63), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kinds", "cameras", "sites")),
        sa.Column("people_only", sa.Boolean, nullable=False),
        sa.Column("min_similarity", sa.Double, nullable=False),
        sa.Column("strangers", sa.Boolean, nullable=False),
        sa.Column("scope_everything", sa.Boolean, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("scope_cameras", "scope_sites")),
        sa.Column("concurrency", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("created_by", sa.String(190), nullable=False),
        sa.Column("updated_at", UtcTime, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        **_OPTIONS,
    )
    op.create_table(
        "subscription_people",
        sa.Column("subscription_id", sa.String(63), _own("subscription_people"), primary_key=True),
        sa.Column(
            "person_id",
            sa.String(63),
            # A server of the version before, which knows no subscriptions, removes this with the person.
            sa.ForeignKey("people.person_id", name="fk_subscription_people_person", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Index("ix_subscription_people_person", "person_id"),
        **_OPTIONS,
    )
    op.create_table(
        "subscription_secrets",
        sa.Column("secret_id", sa.String(63), primary_key=True),
        sa.Column("subscription_id", sa.String(63), _own("subscription_secrets"), nullable=False),
        sa.Column("secret", Binary, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("valid_until", UtcTime),
        sa.Index("ix_subscription_secrets_subscription", "subscription_id", "created_at"),
        **_OPTIONS,
    )
    op.create_table(
        "subscription_deliveries",
        sa.Column("subscription_id", sa.String(63), _own("subscription_deliveries"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message_id", sa.String(190), nullable=False),
        *(sa.Column(name, sa.String(63), nullable=False) for name in ("camera_id", "kind")),
        sa.Column("happened_at", UtcTime, nullable=False),
        sa.Column("outcome", sa.String(63), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False),
        *(sa.Column(name, UtcTime, nullable=False) for name in ("first_at", "last_at")),
        sa.Index("ix_subscription_deliveries_last", "subscription_id", "last_at", "position"),
        sa.Index("ix_subscription_deliveries_outcome", "subscription_id", "outcome", "last_at", "position"),
        sa.Index("ix_subscription_deliveries_age", "last_at"),
        **_OPTIONS,
    )
    op.add_column("event_relays", sa.Column("rewinds", sa.BigInteger))


def _own(table: str) -> sa.ForeignKey:
    return sa.ForeignKey("subscriptions.subscription_id", name=f"fk_{table}_subscription", ondelete="CASCADE")
