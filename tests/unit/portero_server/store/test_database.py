"""Units of work: what is run again, what is given up, and what a canceled caller cannot undo."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, insert, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import NotFound, StoreUnavailable
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.store.schema import requests, sequencers
from tests.support.store.commits import EIGHT
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

Unit = Callable[[AsyncConnection], Awaitable[None]]


class Observed:
    """Keeps what a database tells its observer."""

    def __init__(self) -> None:
        self.units: list[tuple[float, int, str]] = []

    def observe_unit(self, seconds: float, retries: int, outcome: str) -> None:
        """Keeps one unit."""
        self.units.append((seconds, retries, outcome))

    @property
    def outcomes(self) -> list[str]:
        """How the units ended."""
        return [outcome for _, _, outcome in self.units]


def adding(key: str) -> Unit:
    """Returns a unit that writes one row."""

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(insert(requests).values(request_id=key, resource="x", created_at=EIGHT))

    return unit


async def stored(database: Database) -> set[str]:
    """Returns the keys of the rows written."""

    async def unit(connection: AsyncConnection) -> set[str]:
        return set(await connection.scalars(select(requests.c.request_id)))

    return await database.read(unit)


@pytest.fixture
def observer() -> Observed:
    """Keeps what happens to units."""
    return Observed()


async def test_commits_a_unit_and_tells_the_observer(database_url: str, observer: Observed) -> None:
    """A unit's rows are stored when it returns, and the observer hears of its time and outcome."""
    clock = ManualClock()
    database = Database(database_url, pool_size=2, timeout=PATIENCE, observer=observer, clock=clock)

    async def unit(connection: AsyncConnection) -> str:
        await adding("a")(connection)
        clock.advance(0.25)
        return "answer"

    assert await database.run(unit) == "answer"
    assert await stored(database) == {"a"}
    assert observer.units == [(0.25, 0, "committed"), (0.0, 0, "read")]
    await database.aclose()


async def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    """An error of the unit itself passes through unchanged and rolls everything back."""

    async def unit(connection: AsyncConnection) -> None:
        await adding("a")(connection)
        raise NotFound("people/ana")

    with pytest.raises(NotFound, match="people/ana"):
        await database.run(unit)
    assert await stored(database) == set()


async def test_says_when_the_data_is_refused(database: Database) -> None:
    """Data that breaks a rule of the database is refused for good, without a word about the data."""
    await database.run(adding("secret"))
    with pytest.raises(StoreRefused) as caught:
        await database.run(adding("secret"))
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_writers_take_turns(database: Database, database_url: str) -> None:
    """Many units that read and then write, from two servers, all succeed and none is lost."""
    other = Database(database_url, pool_size=3, timeout=PATIENCE)

    async def count_up(connection: AsyncConnection) -> None:
        query = select(sequencers.c.position).where(sequencers.c.name == "events").with_for_update()
        position = (await connection.execute(query)).scalar_one()
        changed = update(sequencers).where(sequencers.c.name == "events").values(position=position + 1)
        await connection.execute(changed)

    await asyncio.gather(*(server.run(count_up) for server in (database, other) for _ in range(20)))
    query = select(sequencers.c.position).where(sequencers.c.name == "events")
    assert await database.read(lambda connection: connection.scalar(query)) == 40
    await other.aclose()


async def test_reading_does_not_wait_for_a_writer(database: Database) -> None:
    """While a unit holds rows it has written, a reading one answers with what is committed."""

    async def unit(connection: AsyncConnection) -> set[str]:
        await adding("a")(connection)
        return await stored(database)

    assert await database.run(unit) == set()
    assert await stored(database) == {"a"}


async def test_a_reading_unit_stores_nothing(database: Database) -> None:
    """What a reading unit writes all the same is not kept."""
    try:
        await database.read(adding("a"))
    except StoreUnavailable:
        assert database.dialect == "sqlite"
    assert await stored(database) == set()


async def test_a_unit_has_a_time_limit(database_url: str, observer: Observed) -> None:
    """A unit that waits for a lock beyond its time is given up and leaves nothing."""
    database = Database(database_url, pool_size=2, timeout=PATIENCE)
    hasty = Database(database_url, pool_size=2, timeout=0.2, observer=observer)

    async def hold(connection: AsyncConnection) -> None:
        await connection.execute(update(sequencers).values(position=5))

        async def wait(inner: AsyncConnection) -> None:
            await adding("late")(inner)
            await inner.execute(update(sequencers).values(position=6))

        with pytest.raises(StoreUnavailable):
            await hasty.run(wait)

    await database.run(hold)
    assert observer.outcomes == ["unavailable"]
    assert await stored(database) == set()
    for attempt in itertools.count():
        # So short a limit may be too short for a machine that is busy.
        with contextlib.suppress(StoreUnavailable):
            await hasty.run(adding(f"attempt {attempt}"))
            break
    assert f"attempt {attempt}" in await stored(database)
    await hasty.aclose()
    await database.aclose()


async def test_a_cancelled_caller_ends_its_unit(database: Database) -> None:
    """A caller that hangs up before the commit leaves nothing, and the database goes on."""
    begun = asyncio.Event()

    async def unit(connection: AsyncConnection) -> None:
        await adding("a")(connection)
        begun.set()
        await asyncio.Event().wait()

    caller = asyncio.create_task(database.run(unit))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await database.run(adding("b"))
    assert await stored(database) == {"b"}


async def test_closing_waits_for_units(database_url: str, database: Database) -> None:
    """Closing lets the units under way finish and takes no more."""
    closing = Database(database_url, pool_size=2, timeout=PATIENCE)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def unit(connection: AsyncConnection) -> None:
        begun.set()
        await go_on.wait()
        await adding("a")(connection)

    caller = asyncio.create_task(closing.run(unit))
    await begun.wait()
    closed = asyncio.create_task(closing.aclose())
    await asyncio.sleep(0)
    with pytest.raises(StoreUnavailable, match="being closed"):
        await closing.run(adding("b"))
    go_on.set()
    await caller
    await closed
    assert await stored(database) == {"a"}


async def test_check_answers(database: Database) -> None:
    """A database that answers passes the check."""
    await database.check()


async def test_sqlite_survives_power_loss(database: Database) -> None:
    """SQLite writes ahead, syncs every commit and holds foreign keys; a reading connection cannot write."""
    if database.dialect != "sqlite":
        return

    async def unit(connection: AsyncConnection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "query_only")
        return [(await connection.execute(text(f"PRAGMA {name}"))).scalar_one() for name in names]

    assert await database.run(unit) == ["wal", 2, 1, 0]
    assert await database.read(unit) == ["wal", 2, 1, 1]


async def test_mysql_is_strict_and_speaks_utc(database: Database) -> None:
    """A MySQL session reads what is committed, refuses what does not fit and keeps UTC."""
    if database.dialect != "mysql":
        return

    async def unit(connection: AsyncConnection) -> tuple[object, ...]:
        asked = select(text("@@sql_mode"), text("@@time_zone"), text("@@tx_isolation"), func.char_length(literal("👋")))
        return tuple((await connection.execute(asked)).one())

    mode, zone, isolation, letters = await database.run(unit)
    assert "STRICT_ALL_TABLES" in str(mode)
    assert (zone, isolation, letters) == ("+00:00", "READ-COMMITTED", 1)


async def test_tells_how_much_of_its_means_is_used(database: Database) -> None:
    """A unit at work holds a connection of the few there are; a file's disk has a size, a server's is its own."""
    within: list[int] = []

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(select(literal(1)))
        within.append(database.load().in_use)

    await database.run(unit)
    load = database.load()
    assert within == [1]
    assert load.in_use == 0
    assert load.limit >= 1
    assert (load.storage > load.storage_free > 0) is (database.dialect == "sqlite")
