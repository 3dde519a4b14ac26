"""SQLite's cursors: whole answers in one crossing, and large ones page by page."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from portero_server.store.connections import Engines, make_engines
from portero_server.store.sqlite_cursor import SqliteConnection, connect
from tests.support.time.timeouts import PATIENCE

_ROWS = 2500
"""More than two pages."""


@pytest_asyncio.fixture
async def connection(tmp_path: Path) -> AsyncIterator[SqliteConnection]:
    """A connection to a table of many numbers."""
    opened = connect(str(tmp_path / "numbers.db"), isolation_level=None)
    await opened
    cursor = opened.cursor()
    await cursor.execute("PRAGMA journal_mode = WAL")
    await cursor.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    await cursor.executemany("INSERT INTO numbers VALUES (?)", [(number,) for number in range(_ROWS)])
    assert cursor.rowcount == _ROWS
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    """The engines of an SQLite database."""
    made = make_engines(f"sqlite+aiosqlite:///{tmp_path / 'engines.db'}", pool_size=1, timeout=PATIENCE)
    async with made.writer.connect() as connection:
        await connection.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT)"))
        await connection.commit()
    yield made
    for engine in (made.writer, made.reader):
        await engine.dispose()


@pytest.mark.parametrize("sizes", [(1,), (7, 1000, 1), (1000,), (2500,), (4000,)])
async def test_every_row_comes_once_and_in_order(connection: SqliteConnection, sizes: tuple[int, ...]) -> None:
    """Whatever is fetched at a time, the rows are those of the table."""
    cursor = await connection.cursor().execute("SELECT number FROM numbers ORDER BY number")
    assert [column[0] for column in cursor.description] == ["number"]
    found: list[int] = []
    turn = 0
    while rows := await cursor.fetchmany(sizes[turn % len(sizes)]):
        assert len(rows) <= sizes[turn % len(sizes)]
        found += [number for (number,) in rows]
        turn += 1
    assert found == list(range(_ROWS))
    assert await cursor.fetchone() is None


async def test_the_rest_can_be_fetched_at_once(connection: SqliteConnection) -> None:
    """After the first row the others come together."""
    async with connection.cursor() as cursor:
        await cursor.execute("SELECT number FROM numbers ORDER BY number")
        assert await cursor.fetchone() == (0,)
        assert [number for (number,) in await cursor.fetchall()] == list(range(1, _ROWS))
        assert await cursor.fetchall() == []


async def test_a_cursor_that_is_closed_or_read_holds_no_snapshot(connection: SqliteConnection, tmp_path: Path) -> None:
    """The log can be emptied after a small answer, and after a large one that was closed before its end."""
    with closing(sqlite3.connect(tmp_path / "numbers.db")) as other:
        few = await connection.cursor().execute("SELECT number FROM numbers LIMIT 3")
        other.execute("INSERT INTO numbers VALUES (-1)")
        other.commit()
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        many = await connection.cursor().execute("SELECT number FROM numbers")
        other.execute("PRAGMA busy_timeout = 0")
        other.execute("INSERT INTO numbers VALUES (-2)")
        other.commit()
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 1
        await many.close()
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    assert len(await few.fetchall()) == 3


async def test_a_refused_statement_is_the_driver_s_error(connection: SqliteConnection) -> None:
    """The cursor can be used again after it."""
    cursor = connection.cursor()
    with pytest.raises(sqlite3.IntegrityError):
        await cursor.execute("INSERT INTO numbers VALUES (1)")
    await cursor.execute("SELECT max(number) FROM numbers")
    assert await cursor.fetchall() == [(_ROWS - 1,)]


@pytest.mark.parametrize("canceled", [False, True])
async def test_a_close_that_a_forced_end_overtakes_returns(tmp_path: Path, canceled: bool) -> None:
    """A connection whose thread is busy is closed and then stopped at once, as when a server ends; nothing hangs."""
    connection = connect(str(tmp_path / "busy.db"), isolation_level=None)
    await connection
    busy = threading.Event()
    working = asyncio.create_task(connection.in_thread(busy.wait))
    closing = asyncio.create_task(connection.close())
    await asyncio.sleep(0)
    stopped = connection.stop()
    assert stopped is not None
    if canceled:
        closing.cancel()
        await asyncio.sleep(0)
    busy.set()
    done, _ = await asyncio.wait([working, closing, stopped], timeout=PATIENCE)
    assert done == {working, closing, stopped}
    assert closing.cancelled() is canceled


async def test_rows_can_be_streamed(engines: Engines) -> None:
    """SQLAlchemy's streams read pages, not the whole answer."""
    async with engines.writer.connect() as connection:
        await connection.execute(
            text("INSERT INTO notes VALUES (:id, 'x')"), [{"id": number} for number in range(_ROWS)]
        )
        await connection.commit()
    async with engines.reader.connect() as connection:
        rows = await connection.stream(text("SELECT id FROM notes ORDER BY id"), execution_options={"yield_per": 10})
        assert [row.id async for row in rows] == list(range(_ROWS))


async def test_what_was_not_committed_is_rolled_back_when_its_connection_returns(engines: Engines) -> None:
    """The next unit of work finds no open transaction, and nothing of the last one."""
    async with engines.writer.connect() as connection:
        await connection.execute(text("INSERT INTO notes VALUES (1, 'never')"))
    async with asyncio.timeout(PATIENCE), engines.writer.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM notes"))).scalar() == 0
        await connection.execute(text("INSERT INTO notes VALUES (1, 'kept')"))
        await connection.commit()
    async with engines.reader.connect() as connection:
        assert (await connection.execute(text("SELECT note FROM notes"))).scalars().all() == ["kept"]


async def test_a_transaction_begins_with_its_first_statement(connection: SqliteConnection, tmp_path: Path) -> None:
    """Until then others may write; after it they may not, before it is committed."""
    with closing(sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)) as other:
        other.execute("PRAGMA busy_timeout = 0")
        connection.begin_with_next("BEGIN IMMEDIATE")
        other.execute("INSERT INTO numbers VALUES (-1)")
        cursor = await connection.cursor().execute("SELECT min(number) FROM numbers")
        assert (await cursor.fetchall(), connection.in_transaction) == ([(-1,)], True)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("INSERT INTO numbers VALUES (-2)")
        await connection.commit()
        other.execute("INSERT INTO numbers VALUES (-2)")


@pytest.mark.parametrize("ends", [SqliteConnection.commit, SqliteConnection.rollback])
async def test_a_transaction_without_a_statement_never_begins(
    connection: SqliteConnection, ends: Callable[[SqliteConnection], Awaitable[None]]
) -> None:
    """It ends without a word to SQLite, and the next statement is in no transaction."""
    connection.begin_with_next("BEGIN IMMEDIATE")
    await ends(connection)
    await connection.cursor().execute("SELECT 1")
    assert not connection.in_transaction


async def test_a_transaction_that_cannot_begin_is_the_first_statement_s_error(
    connection: SqliteConnection, tmp_path: Path
) -> None:
    """The statement does not run, and the connection can be used again."""
    await connection.cursor().execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(tmp_path / "numbers.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        connection.begin_with_next("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await connection.cursor().execute("INSERT INTO numbers VALUES (-1)")
        await connection.rollback()
        other.execute("ROLLBACK")
    cursor = await connection.cursor().execute("SELECT min(number) FROM numbers")
    assert await cursor.fetchall() == [(0,)]
