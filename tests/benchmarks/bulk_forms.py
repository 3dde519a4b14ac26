"""Rows a second by the form in which many rows are written, in transactions of many batches.

    python -m tests.benchmarks.bulk_forms [--seconds 0.5] [--rounds 3]

What `store/bulk` does, against the driver's executemany, SQLAlchemy's insertmanyvalues (which needs RETURNING) and, for
rows that are changed, the forms that were not chosen. All forms take turns. BULK.md beside `store/bulk` keeps a table.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.incoming import DialectName
from portero_server.store.bulk.value_list import value_list
from portero_server.store.bulk.writing import insert_new, upsert
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.schema import recognitions
from portero_server.store.types import time_text
from tests.benchmarks.database import durable_mariadb
from tests.benchmarks.results import Results, begun

_SIZES = (1, 16, 64, 256)
_EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_COLUMNS = [column.name for column in recognitions.columns]
_CHANGED = ("outcome", "person_id", "similarity", "margin")
_numbers = itertools.count(1)

Rows = list[dict[str, Any]]
Form = Callable[[AsyncConnection, Rows], Awaitable[object]]


async def main() -> int:
    """Runs the benchmark and saves what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each form and size")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each form")
    arguments = parser.parse_args()
    results = begun("bulk_forms")
    with tempfile.TemporaryDirectory() as folder, durable_mariadb() as server:
        for name, url in (
            ("SQLite", f"sqlite+aiosqlite:///{Path(folder) / 'bulk.db'}"),
            ("MariaDB", server.url("portero")),
        ):
            database = Database(url, pool_size=2, timeout=30)
            await migrate(database)
            for size in _SIZES:
                await _compare(results, name, database, size, arguments)
            await database.aclose()
    results.save()
    return 0


async def _compare(results: Results, name: str, database: Database, size: int, arguments: argparse.Namespace) -> None:
    forms = _forms(database.dialect)
    rates: dict[str, list[float]] = {form: [] for form in forms}
    for _ in range(arguments.rounds):
        for form, write in forms.items():
            rates[form].append(await _rate(database, write, size, arguments.seconds, changes="change" in form))
    for form, found in rates.items():
        results.add(f"{name}, {size} rows: {form}", "rows/s", found)


def _forms(dialect: DialectName) -> dict[str, Form]:
    forms: dict[str, Form] = {
        "new: insert_new": lambda connection, rows: insert_new(connection, recognitions, rows),
        "new: JSON": lambda connection, rows: upsert(connection, recognitions, rows, replacing=_COLUMNS[:1]),
        "new: executemany": _executemany,
        "new: insertmanyvalues": _insert_many_values,
        "change: upsert": lambda connection, rows: upsert(connection, recognitions, rows, replacing=_CHANGED),
        "change: executemany": _change_one_by_one,
    }
    if dialect == "mysql":
        forms["change: VALUES()"] = _change_by_values
        forms["change: UNION ALL"] = _change_by_union
    return forms


async def _rate(database: Database, write: Form, size: int, seconds: float, *, changes: bool) -> float:
    """Returns rows a second of one transaction of many batches: the disk's share of a commit is the same for all."""
    kept = [_row(next(_numbers)) for _ in range(size)]

    async def unit(connection: AsyncConnection) -> float:
        if changes:
            await insert_new(connection, recognitions, kept)
        written = 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            margin = 0.25 + 1e-6 * written
            rows = [row | {"margin": margin} if changes else _row(next(_numbers)) for row in kept]
            await write(connection, rows)
            written += size
        return written / (time.perf_counter() - began)

    return await database.run(unit)


async def _executemany(connection: AsyncConnection, rows: Rows) -> None:
    await connection.execute(insert(recognitions), rows)


async def _insert_many_values(connection: AsyncConnection, rows: Rows) -> None:
    returning = insert(recognitions).returning(recognitions.c.recognition_id)
    (await connection.execute(returning, rows)).all()


async def _change_one_by_one(connection: AsyncConnection, rows: Rows) -> None:
    if connection.dialect.name == "sqlite":
        into = sqlite.insert(recognitions)
        changed = {name: into.excluded[name] for name in _CHANGED}
        await connection.execute(into.on_conflict_do_update(["recognition_id"], set_=changed), rows)
    else:
        listed = mysql.insert(recognitions)
        changed = {name: listed.inserted[name] for name in _CHANGED}
        await connection.execute(listed.on_duplicate_key_update(changed), rows)


def _values(rows: Rows) -> Sequence[tuple[Any, ...]]:
    return [tuple(row.values()) for row in rows]


async def _change_by_values(connection: AsyncConnection, rows: Rows) -> None:
    changes = ", ".join(f"{name} = VALUES({name})" for name in _CHANGED)
    statement = f"INSERT INTO recognitions ({', '.join(_COLUMNS)}) VALUES %s ON DUPLICATE KEY UPDATE {changes}"
    await connection.exec_driver_sql(statement, (value_list(_values(rows)),))


async def _change_by_union(connection: AsyncConnection, rows: Rows) -> None:
    changes = ", ".join(f"{name} = incoming.{name}" for name in _CHANGED)
    first = "SELECT " + ", ".join(f"%s AS {name}" for name in _COLUMNS)
    other = "SELECT " + ", ".join(["%s"] * len(_COLUMNS))
    union = " UNION ALL ".join([first, *([other] * (len(rows) - 1))])
    statement = (
        f"INSERT INTO recognitions ({', '.join(_COLUMNS)}) SELECT * FROM ({union}) AS incoming "
        f"ON DUPLICATE KEY UPDATE {changes}"
    )
    plain = (time_text(value) if isinstance(value, datetime) else value for row in rows for value in row.values())
    await connection.exec_driver_sql(statement, tuple(plain))


def _row(number: int) -> dict[str, Any]:
    name = f"bench-{number}"
    return {
        "recognition_id": name,
        "stream_id": 1,
        "track_id": name,
        "sequence": number,
        "captured_at": _EIGHT + timedelta(milliseconds=number),
        "engine": "scripted",
        "outcome": "unknown",
        "person_id": None,
        "similarity": 0.75,
        "margin": 0.25,
        "quality": 0.5,
        "latency": 0.125,
    }


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
