"""Rows that are new: what goes in comes out, and neither a row nor an error lets anything else through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.writing import insert_new, upsert
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import OUTCOME_COLUMNS, recognitions, streams
from tests.support.store.recognition_row import ROW


class _Word(StrEnum):
    MATCH = "it's a match"


async def write(database: Database, *changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Inserts rows that differ so from a plain one, and returns what is stored."""

    async def unit(connection: AsyncConnection) -> list[dict[str, Any]]:
        await insert_new(connection, recognitions, [ROW | change for change in changes])
        result = await connection.execute(select(recognitions).order_by(recognitions.c.recognition_id))
        return [dict(row) for row in result.mappings()]

    return await database.run(unit)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"track_id": "quotes '\"\\ and % and %s and :rows and ? and `", "engine": "Ñandú 👋 \u2028\n\r\t\x1a"},
        {"track_id": "'), ('", "engine": "\\'), (1); -- ", "outcome": "\\", "person_id": "'"},
        {"track_id": "x" * 190, "person_id": "", "outcome": "A", "sequence": 2**63 - 1},
        {"similarity": 1e-300, "margin": 1.7976931348623157e308, "quality": -0.5, "latency": 12345.678901234},
        {
            "similarity": np.float64(0.3),
            "margin": 1,
            "outcome": _Word.MATCH,
            "stream_id": True,
        },
        {"captured_at": datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)},
        {"captured_at": datetime(2026, 3, 2, 5, 30, tzinfo=timezone(timedelta(hours=-3)))},
        {"captured_at": datetime(1, 1, 1, tzinfo=UTC)},
    ],
    ids=[
        "plain",
        "odd letters",
        "breaking out",
        "longest",
        "odd numbers",
        "kinds of kinds",
        "microseconds",
        "another zone",
        "first year",
    ],
)
async def test_gives_back_what_was_written(change: dict[str, Any], database: Database) -> None:
    """Every kind of value comes back as it went in."""
    (stored,) = await write(database, change)
    # SQLite reads decimal fractions to within the last bit.
    exact = {name: value for name, value in (ROW | change).items() if not isinstance(value, float)}
    fractions = {name: value for name, value in (ROW | change).items() if isinstance(value, float)}
    assert {name: stored[name] for name in exact} == exact
    assert {name: stored[name] for name in fractions} == pytest.approx(fractions, rel=1e-15)


async def test_present_rows_stay(database: Database) -> None:
    """A row whose key is there stays as it is, and those beside it are written; no rows are no statement."""
    await write(database, {"outcome": "first"})
    stored = await write(database, {"outcome": "second"}, {"recognition_id": "R1", "outcome": "another"})
    assert [(row["recognition_id"], row["outcome"]) for row in stored] == [("R1", "another"), ("r1", "first")]
    assert len(await write(database)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2**63},
        {"similarity": float("nan")},
        {"similarity": np.float64("inf")},
        {"captured_at": datetime(2026, 3, 2)},  # noqa: DTZ001 - the point of the test
        {"engine": None},
    ],
    ids=["too large", "not a number", "not finite", "no zone", "nothing"],
)
async def test_refuses_what_cannot_be_stored(change: dict[str, Any], database: Database) -> None:
    """Nothing is clamped or guessed: such a value refuses the whole statement."""
    with pytest.raises(StoreRefused):
        await write(database, {"recognition_id": "fine"}, change)
    assert len(await write(database, {"recognition_id": "after"})) == 1


async def test_mysql_refuses_what_is_too_long_or_no_value(database: Database) -> None:
    """A text longer than its column and an object that is not a value are refused; SQLite's columns have no length."""
    if database.dialect == "mysql":
        for change in ({"engine": "x" * 64}, {"engine": b"bytes"}):
            with pytest.raises(StoreRefused):
                await write(database, change)


async def test_no_value_shows_in_an_error(database: Database) -> None:
    """Whatever the driver's error holds, its text and statement name nobody."""
    wrong = [ROW | {"engine": None, "person_id": "someone"}]

    async def unit(connection: AsyncConnection) -> str:
        with pytest.raises(Exception, match=r".") as caught:
            await insert_new(connection, recognitions, wrong)
        return f"{caught.value!s} {caught.value!r}"

    assert "someone" not in await database.run(unit)


async def test_upsert_replaces_and_adds(database: Database) -> None:
    """A row that exists takes the new values, or their sums, in the columns named, and keeps the others."""

    async def unit(connection: AsyncConnection) -> list[tuple[Any, ...]]:
        for times in (1, 2):
            changed = {"outcome": f"{times}", "engine": f"{times}", "sequence": 10 * times}
            rows = [ROW | changed, ROW | changed | {"recognition_id": f"r1-{times}"}]
            await upsert(connection, recognitions, rows, replacing=("outcome",), adding=("sequence",))
        await upsert(connection, recognitions, [], replacing=("outcome",))
        columns = (
            recognitions.c.recognition_id,
            recognitions.c.outcome,
            recognitions.c.engine,
            recognitions.c.sequence,
        )
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(columns[0]))]

    assert await database.run(unit) == [("r1", "2", "1", 30), ("r1-1", "1", "1", 10), ("r1-2", "2", "2", 20)]


async def test_upsert_goes_by_the_key_it_is_told(database: Database) -> None:
    """A row is found by a unique key that is not the primary one, which the database numbers."""
    counters = dict.fromkeys(OUTCOME_COLUMNS.values(), 0)
    row = {"camera_id": "door", "epoch": "e", "session": "a", "durable_sequence": 7, "opened_at": ROW["captured_at"]}

    async def unit(connection: AsyncConnection) -> list[tuple[Any, ...]]:
        for changed in ({}, {"session": "b", "durable_sequence": 0}, {"epoch": "f"}):
            rows = [row | counters | changed]
            await upsert(connection, streams, rows, key=("camera_id", "epoch"), replacing=("session",))
        columns = (streams.c.epoch, streams.c.session, streams.c.durable_sequence)
        return [tuple(found) for found in await connection.execute(select(*columns).order_by(streams.c.epoch))]

    assert await database.run(unit) == [("e", "b", 7), ("f", "a", 7)]
