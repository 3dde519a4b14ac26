"""What is told of attendance, and which of it a subscription is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0030"
down_revision = "0029"

_SEQUENCERS = sa.table("sequencers", sa.column("name", sa.String), sa.column("position", sa.BigInteger))


def upgrade() -> None:
    person = sa.ForeignKey("people.person_id", name="fk_attendance_notices_person", ondelete="CASCADE")
    op.create_table(
        "attendance_notices",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("notice_id", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("session_id", sa.String(190), nullable=False),
        sa.Column("group_id", sa.String(63), nullable=False),
        sa.Column("starts_at", UtcTime, nullable=False),
        sa.Column("person_id", sa.String(63), person),
        sa.Column("decided_at", UtcTime, nullable=False),
        sa.Column("withdraws", sa.String(63)),
        sa.Column("figures", sa.Text, nullable=False),
        sa.UniqueConstraint("notice_id", name="uq_attendance_notices"),
        sa.Index("ix_attendance_notices_session", "session_id", "kind"),
        sa.Index("ix_attendance_notices_person", "person_id", "starts_at"),
        sa.Index("ix_attendance_notices_time", "decided_at"),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
    op.bulk_insert(_SEQUENCERS, [{"name": "attendance_notices", "position": 0}])
    # A server of the version before leaves them null: it makes no subscription that is told of attendance.
    op.add_column("subscriptions", sa.Column("notices", sa.Text))
    op.add_column("subscriptions", sa.Column("groups_only", sa.Text))
