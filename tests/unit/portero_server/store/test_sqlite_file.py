"""The file of an SQLite database that is taken away, replaced or readable by others, on a real file."""

# ruff: noqa: ASYNC240 - moving files while the database runs is what is tested

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from portero_server.domain.recording.sightings import StreamCommit
from portero_server.errors import StoreUnavailable
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.faults import CommitUnknown
from portero_server.store.sqlite_file import DatabaseFileLost, SqliteFile
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
def file(tmp_path: Path, migrated_file: Path) -> Path:
    """A database with all tables, at a path of its own."""
    path = tmp_path / "portero.db"
    shutil.copy(migrated_file, path)
    return path


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    """The database, opened, with one number in it."""
    opened = Database(f"sqlite+aiosqlite:///{file}", pool_size=4, timeout=1.0)
    await opened.run(_add(1))
    assert await opened.read(_numbers) == [1]
    yield opened
    await opened.aclose()


def _add(number: int) -> Callable[[AsyncConnection], Coroutine[None, None, None]]:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS numbers (number INTEGER)"))
        await connection.execute(text(f"INSERT INTO numbers VALUES ({number})"))

    return unit


async def _numbers(connection: AsyncConnection) -> list[int]:
    return list((await connection.scalars(text("SELECT number FROM numbers ORDER BY number"))).all())


def _other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE numbers (number INTEGER)")
    connection.close()


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
async def test_nothing_is_committed_into_a_file_that_was_deleted(database: Database, file: Path, suffix: str) -> None:
    """With the file, its log or the log's index gone, every commit is refused with a line that names it."""
    file.with_name(file.name + suffix).unlink()
    for number in (2, 3):
        with pytest.raises(DatabaseFileLost, match=rf"portero\.db{suffix} was deleted") as caught:
            await database.run(_add(number))
        assert isinstance(caught.value, StoreUnavailable)
        assert caught.value.reason == "DATABASE_FILE_LOST"
    with pytest.raises(DatabaseFileLost):
        await database.check_writes(60.0)
    assert await database.read(_numbers) == [1]


async def test_a_group_commit_is_not_confirmed_by_a_deleted_file(
    database: Database, file: Path, commit: StreamCommit
) -> None:
    """The recorder gets the fault that it repeats, instead of a result that it acknowledges."""
    recording = Recording(database, ManualClock())
    file.unlink()
    with pytest.raises(StoreUnavailable):
        await recording.commit([commit])


@pytest.fixture
def commit() -> StreamCommit:
    """What one stream has to store."""
    return StreamCommit(camera_id="door", stream_id=1, session="s", durable_sequence=0)


async def test_another_file_is_not_taken_up(database: Database, file: Path) -> None:
    """A database put in place is neither written nor opened by further connections, however often it is tried."""
    aside = file.with_name("aside.db")
    file.rename(aside)
    _other_database(file)
    for _ in range(3):
        with pytest.raises(DatabaseFileLost, match="not taken up"):
            await database.run(_add(2))

    async def held(connection: AsyncConnection) -> list[int]:
        # While this one is held a further read needs a further connection, which would open the new file.
        with pytest.raises(DatabaseFileLost):
            await database.read(_numbers)
        return await _numbers(connection)

    assert await database.read(held) == [1]
    with sqlite3.connect(file) as new:
        assert new.execute("SELECT * FROM numbers").fetchall() == []
    new.close()


async def test_the_same_file_is_taken_up_again(database: Database, file: Path) -> None:
    """A file that was moved away and comes back is the one that was open: commits go on, and nothing is missing."""
    aside = file.with_name("aside.db")
    with capture_logs() as lines:
        file.rename(aside)
        for _ in range(2):
            with pytest.raises(DatabaseFileLost):
                await database.run(_add(2))
        aside.rename(file)
        await database.run(_add(3))
    assert [line["event"] for line in lines] == ["database_file_lost", "database_file_back"]
    assert await database.read(_numbers) == [1, 3]
    await database.check_writes(60.0)


async def test_a_commit_that_met_the_deletion_is_unknown(database: Database, file: Path) -> None:
    """A file that goes between the look before the commit and the one after it leaves a commit nobody relies on."""

    def take_away(_: object) -> None:
        file.unlink(missing_ok=True)

    event.listen(database._engines.writer.sync_engine, "commit", take_away)
    with pytest.raises(CommitUnknown, match="was deleted"):
        await database.run(_add(2))


def test_a_log_that_is_about_to_be_removed_is_not_taken_for_the_one_in_use(tmp_path: Path) -> None:
    """Whoever looks at the file while its last connection is being closed does not miss the log afterward."""
    guarded = SqliteFile(tmp_path / "portero.db")
    guarded.before_opening()
    first = sqlite3.connect(tmp_path / "portero.db")
    first.execute("PRAGMA journal_mode = WAL")
    first.execute("CREATE TABLE numbers (number INTEGER)")
    guarded.opened()
    # SQLAlchemy announces that a connection is closed, and the driver's thread closes it in its own time.
    guarded.closed()
    guarded.check()
    first.close()
    assert not (tmp_path / "portero.db-wal").exists()
    guarded.before_opening()
    second = sqlite3.connect(tmp_path / "portero.db")
    second.execute("INSERT INTO numbers VALUES (1)")
    guarded.opened()
    guarded.check()
    second.close()


async def test_a_closed_log_may_come_again_as_another_file(database: Database, file: Path) -> None:
    """SQLite removes its log with the last connection; the next one's is no foreign file."""
    await database._engines.writer.dispose()
    await database._engines.reader.dispose()
    assert not file.with_name("portero.db-wal").exists()
    await database.run(_add(2))
    await database.run(_add(3))
    assert await database.read(_numbers) == [1, 2, 3]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_a_new_file_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    """Names and faces are in the file, its log and the index: none of them is readable by anybody else."""
    path = tmp_path / "new.db"
    before = os.umask(umask)
    try:
        database = Database(f"sqlite+aiosqlite:///{path}", pool_size=2, timeout=1.0)
        await database.run(_add(1))
        modes = {found.name: found.stat().st_mode & 0o777 for found in tmp_path.iterdir()}
        await database.aclose()
    finally:
        os.umask(before)
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


async def test_an_older_file_is_made_private_and_told(file: Path) -> None:
    """A file that earlier versions left readable is tightened at the first connection, with a line in the log."""
    file.chmod(0o644)
    database = Database(f"sqlite+aiosqlite:///{file}", pool_size=2, timeout=1.0)
    with capture_logs() as lines:
        await database.run(_add(1))
    await database.aclose()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [(line["event"], line["was"], line["now"]) for line in lines] == [
        ("database_file_made_private", "644", "600")
    ]


async def test_readiness_knows_a_locked_database(database: Database, file: Path) -> None:
    """A file that another process holds is told within a bounded time, and is well again when it lets go."""
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await database.check_writes(0.0)
    holder.execute("ROLLBACK")
    holder.close()
    await database.check_writes(0.0)


async def test_readiness_knows_a_full_disk(database: Database) -> None:
    """What the last commits met is told at once; after its time a write is tried."""

    async def fill(connection: AsyncConnection) -> None:
        await connection.execute(text("PRAGMA max_page_count = 1"))
        await connection.execute(text("CREATE TABLE large (content BLOB)"))
        await connection.execute(text("INSERT INTO large VALUES (zeroblob(10000000))"))

    with pytest.raises(StoreUnavailable):
        await database.run(fill)
    with pytest.raises(StoreUnavailable, match="disk of the database is full"):
        await database.check_writes(60.0)
    await database.check_writes(0.0)


async def test_readiness_knows_a_database_that_cannot_be_written(database: Database) -> None:
    """A file system that became read-only is found by a write, although reads still answer."""

    async def forbid(connection: AsyncConnection) -> None:
        await connection.execute(text("PRAGMA query_only = ON"))

    await database.run(forbid)
    await database.check()
    with pytest.raises(StoreUnavailable, match="cannot be written"):
        await database.check_writes(0.0)


def test_a_look_at_the_file_drops_no_lock_on_it(file: Path) -> None:
    """Making sure that the file is private lets another process not take a lock that this one holds."""
    with file.open("r+b") as held:
        fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        SqliteFile(file).before_opening()
        program = f"import fcntl; fcntl.lockf(open({str(file)!r}, 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert other.returncode == 1
    assert b"Resource temporarily unavailable" in other.stderr
