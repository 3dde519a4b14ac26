"""Schema migrations. They are written by hand; `python -m portero_server.store.drift` checks them.

A new one is a file in versions/ whose `down_revision` is the newest revision. Servers of the previous version still run
while it is applied, so it only adds, and never removes what they use.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

from portero_server.errors import StartupProblem, StoreUnavailable
from portero_server.store.database import Database

_LOCK_SECONDS = 60


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """Returns the schema revision that this version of the server needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None, "there is at least one migration"  # noqa: S101 - shipped with this file
    return revision


async def migrate(database: Database) -> None:
    """Upgrades a database, empty or of any earlier version, to the newest revision.

    Raises:
        StartupProblem: The database does not answer, or refuses.
    """
    with _named(database):
        await database.change_schema(_upgrade)


async def check_revision(database: Database) -> None:
    """Raises an error unless the database has the revision that this version of the server needs.

    Raises:
        StartupProblem: It has another revision, or does not answer; the message says what to do.
    """
    newest = newest_revision()
    with _named(database):
        found = await database.read(lambda connection: connection.run_sync(_current))
    if found == newest:
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is None or found in known:
        raise StartupProblem(
            f"the database {database.address} is at revision {found or 'none'}, this server needs {newest}: "
            "run `portero-server migrate`"
        )
    raise StartupProblem(
        f"the database {database.address} is at revision {found}, which is newer than this server ({newest}): "
        "run the newer server"
    )


@contextmanager
def _named(database: Database) -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as error:
        raise StartupProblem(f"database {database.address}: {error.message}") from None


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    locks = connection.dialect.name == "mysql"
    # MySQL's DDL is not transactional: two servers migrating at once must take turns.
    if locks and not connection.scalar(select(text(f"GET_LOCK('portero_migrate', {_LOCK_SECONDS})"))):
        raise StartupProblem("another process is migrating the database; wait for it and try again")
    try:
        command.upgrade(_config(connection), "head")
        if locks:
            # No DDL commits the number of the last migration, and whoever waits for the lock reads it next.
            connection.execute(text("COMMIT"))
    finally:
        if locks:
            connection.execute(text("DO RELEASE_LOCK('portero_migrate')"))
