"""A private MariaDB as one would run it for real: every commit reaches the disk before it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.store.mariadb import MariaDB

_SETTINGS = (
    # What the tests relax.
    "SET GLOBAL innodb_flush_log_at_trx_commit = 1",
    "SET GLOBAL innodb_buffer_pool_size = {buffer}",
)


@contextmanager
def durable_mariadb(buffer_mb: int = 512) -> Iterator[MariaDB]:
    """Runs a MariaDB at full durability, with an empty schema `portero`."""
    server = MariaDB()
    try:
        server.start()
        server.execute(*(each.format(buffer=buffer_mb * 2**20) for each in _SETTINGS))
        ((durable,),) = server.execute("SELECT @@GLOBAL.innodb_flush_log_at_trx_commit")
        if durable != 1:
            raise RuntimeError("the database does not write its log at every commit")
        server.create_schema("portero")
        yield server
    finally:
        server.stop()


def statements(server: MariaDB, kind: str) -> int:
    """Returns how many statements of a kind ("insert", "commit", …) the server has run."""
    (row,) = server.execute(f"SHOW GLOBAL STATUS LIKE 'Com_{kind}'")
    return int(row[1])
