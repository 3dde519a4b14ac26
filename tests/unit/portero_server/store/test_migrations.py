"""The database's form: from nothing to the newest, and the same as schema.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import StartupProblem
from portero_server.store import drift
from portero_server.store.database import Database
from portero_server.store.drift import check, differences
from portero_server.store.migrations import check_revision, migrate, newest_revision
from portero_server.store.schema import metadata
from tests.support.time.timeouts import PATIENCE


async def test_migrates_an_empty_database(empty_database_url: str) -> None:
    """An empty database is refused with what to run, migrated, and then accepted; migrating again does nothing."""
    database = Database(empty_database_url, pool_size=2, timeout=PATIENCE)
    with pytest.raises(StartupProblem, match=r"revision none.*run `portero-server migrate`"):
        await check_revision(database)
    await migrate(database)
    await migrate(database)
    await check_revision(database)
    assert await differences(database) == []
    await database.aclose()


async def test_two_servers_migrate_at_once(empty_database_url: str) -> None:
    """Two servers that migrate the same empty database at the same moment both succeed."""
    servers = [Database(empty_database_url, pool_size=1, timeout=PATIENCE) for _ in range(2)]
    await asyncio.gather(*(migrate(server) for server in servers))
    for server in servers:
        await check_revision(server)
        await server.aclose()


async def test_refuses_a_newer_database(database: Database) -> None:
    """A database of a revision this server has never heard of is not touched."""

    async def pretend(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    async def restore(connection: AsyncConnection) -> None:
        await connection.execute(text("UPDATE alembic_version SET version_num = :known"), {"known": newest_revision()})

    await database.run(pretend)
    with pytest.raises(StartupProblem, match="newer than this server"):
        await check_revision(database)
    await database.run(restore)


async def test_drift_is_noticed(empty_database_url: str) -> None:
    """A column that no migration made, and one of another type, are reported."""
    database = Database(empty_database_url, pool_size=1, timeout=PATIENCE)
    await migrate(database)

    def change(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE texts ADD extra INTEGER"))
        connection.execute(text("DROP TABLE events"))
        connection.execute(text("CREATE TABLE events (position INTEGER PRIMARY KEY, kind INTEGER NOT NULL)"))

    await database.change_schema(change)
    found = "\n".join(await differences(database))
    assert "remove_column" in found
    assert "modify_type" in found
    await database.aclose()


async def test_the_drift_script_tells_by_its_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script that compares schema.py with the migrations exits 0, or 1 with the differences in print."""
    assert await check() == 0
    assert capsys.readouterr().out == ""
    extended = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(extended)
    Table("forgotten", extended, Column("id", Integer, primary_key=True))
    monkeypatch.setattr(drift, "metadata", extended)
    assert await check() == 1
    assert "forgotten" in capsys.readouterr().out


async def test_an_unusable_database_ends_start_up_in_one_line(tmp_path: Path) -> None:
    """A database that cannot be used is a start-up problem of one line without the password."""
    (tmp_path / "other.txt").write_text("Something else entirely. " * 100)
    for url, problem in (
        (f"sqlite+aiosqlite:///{tmp_path / 'other.txt'}", "other.txt: the database file is not an SQLite database"),
        (
            "mysql+aiomysql://ana:secret@127.0.0.1:1/portero",
            "127.0.0.1:1/portero: the database server cannot be reached",
        ),
    ):
        database = Database(url, pool_size=1, timeout=PATIENCE)
        for ask in (check_revision, migrate):
            with pytest.raises(StartupProblem, match=problem) as caught:
                await ask(database)
            assert "secret" not in str(caught.value)
            assert "\n" not in str(caught.value)
        await database.aclose()
