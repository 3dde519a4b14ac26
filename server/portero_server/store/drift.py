"""Finds where schema.py and the migrations differ: `python -m portero_server.store.drift` exits 1 if they do."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from portero_server.store.schema import metadata


async def differences(database: Database) -> list[str]:
    """Returns the changes that would make a migrated database match schema.py, one line each."""

    def compare(connection: Connection) -> list[str]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(difference) for difference in compare_metadata(context, metadata)]

    return await database.change_schema(compare)


async def check() -> int:
    """Migrates an empty SQLite database, prints how it differs from schema.py, and returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder) / 'drift.db'}", pool_size=1, timeout=30)
        try:
            await migrate(database)
            found = await differences(database)
        finally:
            await database.aclose()
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(check()))
