"""Many rows in one statement: what goes in comes out, and what does not fit is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.bulk.writing import upsert
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import recognitions
from tests.support.store.recognition_row import ROW


async def write(
    database: Database, *changes: dict[str, Any], replacing: tuple[str, ...] = ("outcome",)
) -> list[dict[str, Any]]:
    """Writes rows that differ so from a plain one, and returns what is stored."""

    async def unit(connection: AsyncConnection) -> list[dict[str, Any]]:
        await upsert(connection, recognitions, [ROW | change for change in changes], replacing=replacing)
        result = await connection.execute(select(recognitions).order_by(recognitions.c.recognition_id))
        return [dict(row) for row in result.mappings()]

    return await database.run(unit)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"track_id": "quotes '\"\\ and % and :rows and `", "engine": "Ñandú 👋 \u2028"},
        {"track_id": "x" * 190, "person_id": "", "outcome": "A", "sequence": 2**63 - 1},
        {"similarity": 1e-300, "margin": 1.7976931348623157e308, "quality": -0.5, "latency": 12345.678901234},
        {"captured_at": datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)},
        {"captured_at": datetime(1, 1, 1, tzinfo=UTC)},
    ],
    ids=["plain", "odd letters", "longest", "odd numbers", "microseconds", "first year"],
)
async def test_gives_back_what_was_written(change: dict[str, Any], database: Database) -> None:
    """Every kind of value comes back as it went in."""
    (stored,) = await write(database, change)
    # SQLite reads decimal fractions to within the last bit.
    exact = {name: value for name, value in (ROW | change).items() if not isinstance(value, float)}
    fractions = {name: value for name, value in (ROW | change).items() if isinstance(value, float)}
    assert {name: stored[name] for name in exact} == exact
    assert {name: stored[name] for name in fractions} == pytest.approx(fractions, rel=1e-15)


async def test_times_are_kept_in_utc(database: Database) -> None:
    """A time given in another zone is the same moment, and comes back in UTC."""
    local = datetime(2026, 3, 2, 5, 30, tzinfo=timezone(timedelta(hours=-3)))
    (stored,) = await write(database, {"captured_at": local})
    assert (stored["captured_at"], stored["captured_at"].tzinfo) == (local, UTC)


async def test_keys_differ_by_case_and_accent(database: Database) -> None:
    """Keys that only differ by case or accent are different keys."""
    stored = await write(database, *({"recognition_id": key} for key in ("a", "A", "á")))
    assert len(stored) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 2**63},
        {"similarity": float("nan")},
        {"captured_at": datetime(2026, 3, 2)},  # noqa: DTZ001 - the point of the test
        {"engine": None},
    ],
    ids=["too large", "not a number", "no zone", "nothing"],
)
async def test_refuses_what_cannot_be_stored(change: dict[str, Any], database: Database) -> None:
    """Nothing is clamped or guessed: such a value refuses the whole statement."""
    with pytest.raises(StoreRefused):
        await write(database, {"recognition_id": "fine"}, change)
    assert len(await write(database, {"recognition_id": "after"})) == 1


async def test_mysql_refuses_what_is_too_long(database: Database) -> None:
    """A text longer than its column is refused, not cut; SQLite's columns have no length."""
    if database.dialect == "mysql":
        with pytest.raises(StoreRefused):
            await write(database, {"engine": "x" * 64})
