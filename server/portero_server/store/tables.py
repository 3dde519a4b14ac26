"""How tables are declared: all in one metadata, with the same options."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Double, Index, MetaData, Table, UniqueConstraint

metadata = MetaData()


def table(name: str, *parts: Column[Any] | Index | UniqueConstraint) -> Table:
    """Declares a table whose texts compare byte for byte."""
    return Table(name, metadata, *parts, mysql_engine="InnoDB", mysql_charset="utf8mb4", mysql_collate="utf8mb4_bin")


def required(name: str, kind: Any, *parts: Any, **options: Any) -> Column[Any]:
    """Declares a column that is never null."""
    return Column(name, kind, *parts, nullable=False, **options)


def box() -> tuple[Column[Any], ...]:
    """Declares the columns of a box, as `types.box_columns` fills them."""
    return tuple(required(f"box_{part}", Double) for part in ("left", "top", "width", "height"))
