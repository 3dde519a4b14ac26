"""Fixtures for tests that need a database: each runs on SQLite and on a private MariaDB.

Import `database`, `database_url` and `empty_database_url` where they are wanted; the others, which last for the whole
session, are fixtures of every test already (tests/conftest.py). PORTERO_TEST_DATABASES=sqlite leaves MariaDB out, and
only when it is said so.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from portero_server.domain.audit.chain import GENESIS
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.schema import audit_head, metadata, sequencers
from tests.support.store.mariadb import MariaDB, MariaDBFailed, MariaDBMissing
from tests.support.time.timeouts import PATIENCE

KINDS = tuple(os.environ.get("PORTERO_TEST_DATABASES", "sqlite,mariadb").split(","))
_names = itertools.count()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A private MariaDB server, one for each test process."""
    if "mariadb" not in KINDS:
        pytest.skip("PORTERO_TEST_DATABASES leaves MariaDB out")
    server = MariaDB()
    try:
        server.start()
    except (MariaDBMissing, MariaDBFailed) as error:
        server.stop()
        pytest.fail(str(error), pytrace=False)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, to be copied."""
    file = tmp_path_factory.mktemp("store") / "migrated.db"
    _migrate_now(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_schema(mariadb: MariaDB) -> str:
    """The name of a schema with all tables."""
    _migrate_now(mariadb.create_schema("portero"))
    return "portero"


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}"
    server: MariaDB = request.getfixturevalue("mariadb")
    return server.create_schema(f"empty_{next(_names)}")


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with all tables and no rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "portero.db")
        return f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}"
    request.getfixturevalue("migrated_schema")
    return cleaned_schema(request.getfixturevalue("mariadb"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with all tables and no rows."""
    opened = Database(database_url, pool_size=5, timeout=PATIENCE)
    yield opened
    await opened.aclose()


def cleaned_schema(server: MariaDB, schema: str = "portero") -> str:
    """Empties a migrated schema and gives its address; quicker than making a new one."""
    kept = (sequencers, audit_head)
    tables = [table.name for table in reversed(metadata.sorted_tables) if table not in kept]
    # Most tests write to few tables, and an empty one costs as much to empty as another.
    asked = " UNION ALL ".join(f"(SELECT '{name}' FROM `{schema}`.`{name}` LIMIT 1)" for name in tables)
    filled = {name for (name,) in server.execute(asked)}
    server.execute(
        *(f"DELETE FROM `{schema}`.`{name}`" for name in tables if name in filled),
        f"UPDATE `{schema}`.sequencers SET position = 0",
        f"DELETE FROM `{schema}`.audit_head",
        f"INSERT INTO `{schema}`.audit_head VALUES ('audit', 0, '{GENESIS}', 0, '{GENESIS}')",
    )
    return server.url(schema)


def _migrate_now(url: str) -> None:
    async def run() -> None:
        database = Database(url, pool_size=1, timeout=PATIENCE)
        await migrate(database)
        await database.aclose()

    asyncio.run(run())
