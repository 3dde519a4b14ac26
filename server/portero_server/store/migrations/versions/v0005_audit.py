"""The audit trail: entries chained by digests, and the row that holds where the chain ends."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0005"
down_revision = "0004"

# SHA-256 of "portero-audit-1", which the first entry seals.
_GENESIS = "75062989d9d83b4a93eea960f508a679a60e7b96d41e231fd1ca724dd3f4f337"


def upgrade() -> None:
    _create(
        "audit_entries",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        _required("happened_at", UtcTime),
        *(
            _required(name, sa.String(190))
            for name in ("subject", "peer", "method", "credential", "action", "resource")
        ),
        _required("outcome", sa.String(63)),
        _required("reason", sa.String(190)),
        _required("count", sa.BigInteger),
        _required("previous", sa.String(64)),
        _required("digest", sa.String(64)),
    )
    head = _create(
        "audit_head",
        sa.Column("name", sa.String(63), primary_key=True),
        _required("count", sa.BigInteger),
        _required("digest", sa.String(64)),
        _required("base_count", sa.BigInteger),
        _required("base_digest", sa.String(64)),
    )
    empty = {"name": "audit", "count": 0, "digest": _GENESIS, "base_count": 0, "base_digest": _GENESIS}
    op.bulk_insert(head, [empty])


def _required(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def _create(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return op.create_table(name, *columns, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
