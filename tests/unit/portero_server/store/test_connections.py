"""Database addresses: what they mean, and what is said when they make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero_server.errors import StartupProblem
from portero_server.store.connections import make_engines
from portero_server.store.database import Database
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "is not a database URL"),
        ("sqlite+aiosqlite://", "must name a file"),
        ("sqlite+aiosqlite:///:memory:", "must name a file"),
        ("sqlite+aiosqlite:////no/such/folder/portero.db", "the folder /no/such/folder does not exist"),
        ("sqlite+aiosqlite:////", "the file / cannot be written"),
        ("mysql+aiomysql://ana:secret@db/portero?sslca=x", "unknown options sslca; known are ssl"),
        ("mysql+aiomysql://ana:secret@db/portero?ssl=maybe", "ssl must be true or false"),
        ("mysql+aiomysql://ana:secret@db/portero?ssl_ca=/no/such.pem", "certificate file cannot be used: No such file"),
    ],
)
def test_a_wrong_address_is_a_start_up_problem(url: str, problem: str) -> None:
    """An address that makes no sense is refused at once, in one line without the password."""
    with pytest.raises(StartupProblem, match=problem) as caught:
        make_engines(url, pool_size=1, timeout=PATIENCE)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql+aiomysql://ana:secret@db.example:3307/portero?ssl=true", "db.example:3307/portero"),
        ("mysql+aiomysql://ana:secret@db.example/portero?ssl=false", "db.example:3306/portero"),
        ("sqlite+aiosqlite:///portero.db", "portero.db"),
    ],
)
def test_the_address_for_people_has_no_password(url: str, address: str) -> None:
    """What is shown of an address is where the database is, and nothing that opens it."""
    assert make_engines(url, pool_size=1, timeout=PATIENCE).address == address


async def test_insists_on_tls(mariadb: MariaDB) -> None:
    """When TLS is asked for, a server without it is refused instead of being spoken to in plain text."""
    database = Database(f"{mariadb.url('mysql')}?ssl=true", pool_size=1, timeout=PATIENCE)
    with pytest.raises(StartupProblem, match="offers no TLS"):
        await database.check()
    await database.aclose()


async def test_one_writer_and_many_readers_for_sqlite(tmp_path: Path) -> None:
    """SQLite gets one writing connection and as many reading ones as asked for."""
    engines = make_engines(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", pool_size=7, timeout=PATIENCE)
    assert (engines.writer.pool.size(), engines.reader.pool.size()) == (1, 7)  # type: ignore[attr-defined]  # QueuePool's
