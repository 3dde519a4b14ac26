"""Writes any number of rows into a table with one statement.

`insert_new` leaves rows that exist as they are, `upsert` changes them. On MySQL, new rows are a VALUES list, which is
the cheapest form; where rows are changed, and on SQLite, they are JSON. BULK.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Executable, Table, select, true
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.incoming import DialectName, encoded, incoming
from portero_server.store.bulk.value_list import value_list

Rows = Sequence[Mapping[str, Any]]
"""Rows by column name. All have the same columns; values are None, bool, int, finite float, str or aware datetime.

On MySQL, `insert_new` takes a `BinaryValue` too.
"""


async def insert_new(connection: AsyncConnection, table: Table, rows: Rows) -> None:
    """Inserts rows; those whose primary key exists are left unchanged. Does nothing without rows.

    Args:
        connection: Connection of the transaction.
        table: Has a primary key.
        rows: Have all columns of the table.

    Raises:
        StoreRefused: A value cannot be stored.
    """
    if not rows:
        return
    if _dialect(connection) == "sqlite":
        await connection.execute(_insert_json(table), encoded(rows))
        return
    statement, values = _insert_list(table)
    # Never compiled again for another number of rows, and errors show the statement without the list.
    await connection.exec_driver_sql(statement, (value_list(map(values, rows)),))


async def upsert(
    connection: AsyncConnection,
    table: Table,
    rows: Rows,
    *,
    key: Sequence[str] = (),
    replacing: Sequence[str] = (),
    adding: Sequence[str] = (),
) -> None:
    """Inserts rows, and changes those that exist. Does nothing without rows.

    Args:
        connection: Connection of the transaction.
        table: Where the rows go.
        rows: All have the same columns, which are some or all of the table's.
        key: Columns that tell whether a row exists, and that are unique; the primary key by default.
        replacing: Columns that take the new value in rows that exist.
        adding: Columns to whose stored number the new one is added in rows that exist.

    Raises:
        StoreRefused: A value cannot be stored.
    """
    if rows:
        statement = _upsert_json(
            _dialect(connection), table, tuple(rows[0]), tuple(key), tuple(replacing), tuple(adding)
        )
        await connection.execute(statement, encoded(rows))


def _dialect(connection: AsyncConnection) -> DialectName:
    return "sqlite" if connection.dialect.name == "sqlite" else "mysql"


@lru_cache
def _insert_list(table: Table) -> tuple[str, Any]:
    """Returns the INSERT for MySQL, and what takes the values of a row in the order of its columns."""
    names = [column.name for column in table.columns]
    first = table.primary_key.columns[0].name
    # INSERT IGNORE would pass over other faults too; setting a key to itself changes nothing.
    statement = (
        f"INSERT INTO {table.name} ({', '.join(names)}) VALUES %s "  # noqa: S608 - names of our own schema
        f"ON DUPLICATE KEY UPDATE {first} = {table.name}.{first}"
    )
    return statement, itemgetter(*names)


@lru_cache
def _insert_json(table: Table) -> Executable:
    columns = list(table.columns)
    source = incoming("sqlite", columns)
    # Without the WHERE, SQLite would read ON CONFLICT as the condition of a join.
    into = sqlite.insert(table).from_select([column.name for column in columns], select(source).where(true()))
    return into.on_conflict_do_nothing([column.name for column in table.primary_key])


@lru_cache
def _upsert_json(
    dialect: DialectName,
    table: Table,
    names: tuple[str, ...],
    key: tuple[str, ...],
    replacing: tuple[str, ...],
    adding: tuple[str, ...],
) -> Executable:
    columns: list[Column[Any]] = [table.c[name] for name in names]
    source = incoming(dialect, columns)
    if dialect == "mysql":
        into = mysql.insert(table).from_select(names, select(source))
        return into.on_duplicate_key_update(_changes(table, source.c, replacing, adding))
    merging = sqlite.insert(table).from_select(names, select(source).where(true()))
    return merging.on_conflict_do_update(
        key or [column.name for column in table.primary_key],
        set_=_changes(table, merging.excluded, replacing, adding),
    )


def _changes(table: Table, new: Any, replacing: Sequence[str], adding: Sequence[str]) -> dict[str, Any]:
    return {name: new[name] for name in replacing} | {name: table.c[name] + new[name] for name in adding}
