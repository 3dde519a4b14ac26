"""Adds tables for calls made, calls avoided, and budget steps."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _create(
        "usage_calls",
        sa.Column("hour", UtcTime, primary_key=True),
        *_keys("camera_id", "engine", "operation"),
        *_numbers("calls", "microdollars"),
    )
    _create(
        "usage_avoided",
        sa.Column("hour", UtcTime, primary_key=True),
        *_keys("camera_id", "operation", "reason"),
        *_numbers("calls"),
    )
    _create(
        "budget_steps",
        sa.Column("day", UtcTime, primary_key=True),
        sa.Column("scope", sa.String(190), primary_key=True),
        *_keys("step"),
        sa.Column("step_before", sa.String(63), nullable=False),
        *_numbers("spent_microdollars", "limit_microdollars"),
        sa.Column("happened_at", UtcTime, nullable=False),
    )


def _keys(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(63), primary_key=True) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _create(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")
