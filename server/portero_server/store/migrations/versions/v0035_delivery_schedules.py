"""When people are told: quiet hours and digests; and which of a message's destinations have it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    # A server of the version before leaves the columns null: whom it makes a subscription for is told at any time.
    for name in ("quiet_from", "quiet_until", "digest_at", "time_zone"):
        op.add_column("subscriptions", sa.Column(name, sa.String(63)))
    op.add_column("subscriptions", sa.Column("digest_minutes", sa.Integer))
    for name in ("batch_after", "batch_until"):
        op.add_column("event_relays", sa.Column(name, sa.BigInteger))
    op.add_column("event_relays", sa.Column("digested_at", UtcTime))
    op.create_table(
        "subscription_told",
        sa.Column(
            "subscription_id",
            sa.String(63),
            sa.ForeignKey(
                "subscriptions.subscription_id", name="fk_subscription_told_subscription", ondelete="CASCADE"
            ),
            primary_key=True,
        ),
        sa.Column("message_id", sa.String(190), primary_key=True),
        sa.Column("destinations", sa.Text, nullable=False),
        sa.Column("told_at", UtcTime, nullable=False),
        sa.Index("ix_subscription_told_age", "told_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
