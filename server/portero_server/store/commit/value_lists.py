"""Inserts new rows: one INSERT per batch, in the form that is cheapest for the database.

MySQL gets a VALUES list: JSON_TABLE, which `insert_rows` needs where existing rows are replaced, costs both sides twice
as much. The list is one parameter whose text is built here, so that a statement is never recompiled for another number
of rows, the driver does not process each value, and errors show no data. SQLite gets JSON.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymysql.converters import encoders, escape_string
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.faults import StoreRefused
from portero_server.store.rows import DialectName, encoded, insert_rows, whole
from portero_server.store.types import time_text


class NewRows:
    """Inserts rows into one table; rows whose key exists are left unchanged."""

    def __init__(self, dialect: DialectName, table: Table) -> None:
        """Prepares the statement, which does not depend on the database's contents."""
        self._columns = [column.name for column in table.columns]
        self._embedded = insert_rows(dialect, table) if dialect == "sqlite" else None
        key = table.primary_key.columns[0].name
        # INSERT IGNORE would pass over other faults too; setting a key to itself changes nothing.
        self._statement = (
            f"INSERT INTO {table.name} ({', '.join(self._columns)}) VALUES %s "  # noqa: S608 - names of our own schema
            f"ON DUPLICATE KEY UPDATE {key} = {table.name}.{key}"
        )

    async def write(self, connection: AsyncConnection, rows: Sequence[Sequence[Any]]) -> None:
        """Inserts rows, each with a value for every column of the table in order. Does nothing without rows.

        Raises:
            StoreRefused: A value cannot be stored.
        """
        if not rows:
            return
        if self._embedded is not None:
            await connection.execute(
                self._embedded, encoded(dict(zip(self._columns, row, strict=True)) for row in rows)
            )
        else:
            await connection.exec_driver_sql(self._statement, (_listed(rows),))


@dataclass(frozen=True, slots=True)
class ValueList:
    """Rows as SQL text, which the driver sends unchanged."""

    text: str = field(repr=False)


def _sent(values: ValueList, _: object = None) -> str:
    return values.text


# The driver asks here, by exact type, how a parameter is written. Were this entry to be passed over, the list would be
# quoted like any text, and no INSERT would work.
encoders[ValueList] = _sent


def _listed(rows: Iterable[Sequence[Any]]) -> ValueList:
    written = _WRITTEN
    try:
        return ValueList(
            ",".join(["(" + ",".join([written.get(type(value), _other)(value) for value in row]) + ")" for row in rows])
        )
    except ValueError as error:
        raise StoreRefused(f"a value cannot be stored: {error}") from None


def _text(value: str) -> str:
    # Sound since our sessions set an sql_mode in which the backslash escapes (connections.py).
    return f"'{escape_string(value)}'"


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("a number is not finite")
    # Without an exponent it would be a decimal number, which is converted once more.
    digits = repr(value)
    return digits if "e" in digits else digits + "e0"


_WRITTEN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "1" if value else "0",
    int: lambda value: str(whole(value)),
    float: _number,
    str: _text,
    datetime: lambda value: f"'{time_text(value)}'",
}


def _other(value: Any) -> str:
    # A number of NumPy's is a float whose repr is no number, and so on: by what it is a kind of.
    for kind, plain in ((int, int), (float, float), (str, str.__str__)):
        if isinstance(value, kind):
            return _WRITTEN[kind](plain(value))
    if isinstance(value, datetime):
        return f"'{time_text(value)}'"
    raise ValueError(f"it is of an unexpected type, {type(value).__name__}")
