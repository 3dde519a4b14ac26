"""Check-ins, expected guests, and which of them were erased."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    _create(
        "check_ins",
        sa.Column("check_in_id", sa.String(63), primary_key=True),
        _required("position", sa.BigInteger),
        sa.Column("camera_id", sa.String(63)),
        _required("state", sa.String(63)),
        sa.Column("failure", sa.String(63)),
        sa.Column("result", sa.String(63)),
        _required("server", sa.String(63)),
        _required("created_at", UtcTime),
        _required("deadline_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.Column("run", sa.String(63)),
        sa.Column("document_number", sa.String(63)),
        sa.Column("reading", sa.Text),
        sa.Column("report", sa.Text),
        _required("paid_calls", sa.Integer),
        sa.Column("guest_id", sa.String(63)),
        sa.Column("guest_status", sa.String(63)),
        sa.Column("earlier_id", sa.String(63)),
        sa.Column("decision", sa.String(63)),
        sa.Column("decided_at", UtcTime),
        sa.Column("decided_by", sa.String(190)),
        sa.Column("decision_reason", sa.String(200)),
        sa.UniqueConstraint("position", name="uq_check_ins_position"),
    )
    op.create_index("ix_check_ins_time", "check_ins", ["created_at", "check_in_id"])
    op.create_index("ix_check_ins_camera", "check_ins", ["camera_id", "created_at", "check_in_id"])
    op.create_index("ix_check_ins_result", "check_ins", ["result", "created_at", "check_in_id"])
    op.create_index("ix_check_ins_run", "check_ins", ["run", "created_at", "check_in_id"])
    op.create_index("ix_check_ins_number", "check_ins", ["document_number", "created_at", "check_in_id"])
    op.create_index("ix_check_ins_state", "check_ins", ["state", "deadline_at"])
    _create(
        "guests",
        sa.Column("guest_id", sa.String(63), primary_key=True),
        _required("import_id", sa.String(63)),
        _required("arrival_date", sa.String(63)),
        _required("day_ends_at", UtcTime),
        _required("display_name", sa.String(200)),
        sa.Column("run", sa.String(63)),
        sa.Column("document_number", sa.String(63)),
        _required("reference", sa.String(200)),
        sa.Column("check_in_id", sa.String(63)),
        _required("created_at", UtcTime),
    )
    op.create_index("ix_guests_arrival", "guests", ["arrival_date", "guest_id"])
    op.create_index("ix_guests_run", "guests", ["run", "arrival_date"])
    op.create_index("ix_guests_number", "guests", ["document_number", "arrival_date"])
    op.create_index("ix_guests_check_in", "guests", ["check_in_id"])
    op.create_index("ix_guests_day_end", "guests", ["day_ends_at"])
    _create(
        "erased_records",
        sa.Column("record_id", sa.String(63), primary_key=True),
        _required("erasure_id", sa.String(63)),
        _required("erased_at", UtcTime),
    )
    op.bulk_insert(_SEQUENCERS, [{"name": "check_ins", "position": 0}])


_SEQUENCERS = sa.table("sequencers", sa.column("name", sa.String), sa.column("position", sa.BigInteger))


def _required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create(name: str, *parts: sa.Column[Any] | sa.UniqueConstraint) -> None:
    op.create_table(name, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
