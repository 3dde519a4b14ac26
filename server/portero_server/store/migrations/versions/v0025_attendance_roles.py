"""Whose attendance an API key is for: the groups of teachers and the people of guardians."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    _rows_of_keys("api_key_groups", "group", "group_id", "attendance_groups.group_id")
    _rows_of_keys("api_key_people", "person", "person_id", "people.person_id")


def _rows_of_keys(name: str, what: str, column: str, named: str) -> None:
    # As wide as the columns that they name.
    key = sa.ForeignKey("api_keys.key_id", name=f"fk_{name}_key", ondelete="CASCADE")
    other = sa.ForeignKey(named, name=f"fk_{name}_{what}", ondelete="CASCADE")
    op.create_table(
        name,
        sa.Column("key_id", sa.String(63), key, primary_key=True),
        sa.Column(column, sa.String(63), other, primary_key=True),
        sa.Index(f"ix_{name}_{what}", column),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )
