"""Copies the rows of all tables from one database to another, which may be of another kind."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Table, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.errors import StartupProblem
from portero_server.store.database import Database
from portero_server.store.schema import metadata

_BATCH = 200
"""Rows of a statement: small enough for any server's max_allowed_packet, few enough for its answer to be soon."""

LEFT_OUT = frozenset({"review_pictures", "snapshots"})
"""Tables whose rows no backup holds: they are kept for hours, and a backup for longer."""


async def copy_rows(source: Database, target: Database) -> int:
    """Replaces all rows of a migrated database by those of another, but for `LEFT_OUT`, in one transaction each.

    Returns:
        How many rows there are.

    Raises:
        StoreUnavailable: One of them does not answer; the target is as it was.
    """

    async def read(reading: AsyncConnection) -> int:
        async def write(writing: AsyncConnection) -> int:
            for table in reversed(metadata.sorted_tables):
                await writing.execute(delete(table))
            copied = [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]
            return sum([await _copy(table, reading, writing) for table in copied])

        return await target.run_long(write)

    return await source.run_long(read, snapshot=True)


async def is_empty(database: Database, tables: Sequence[Table]) -> bool:
    """Returns whether none of some tables has a row."""

    async def look(connection: AsyncConnection) -> bool:
        return not any([(await connection.execute(select(table).limit(1))).first() for table in tables])

    return await database.read(look)


async def refuse_others(database: Database) -> None:
    """Raises an error if anybody else of this user is connected to a MySQL database: a server that still runs.

    Raises:
        StartupProblem: Somebody is.
    """

    async def count(connection: AsyncConnection) -> int:
        # Without further privileges a user sees its own connections, and servers are of the same user.
        others = text(
            "SELECT COUNT(*) FROM information_schema.processlist "
            "WHERE db = DATABASE() AND id <> CONNECTION_ID() AND user = SUBSTRING_INDEX(CURRENT_USER(), '@', 1)"
        )
        return int((await connection.execute(others)).scalar_one())

    if found := await database.read(count):
        raise StartupProblem(
            f"{found} other connections to {database.address} are open: stop every server that uses it first"
        )


async def _copy(table: Table, source: AsyncConnection, target: AsyncConnection) -> int:
    copied = 0
    found = await source.stream(select(table), execution_options={"yield_per": _BATCH})
    async for rows in found.partitions(_BATCH):
        values = [dict(row._mapping) for row in rows]
        if target.dialect.name == "sqlite":
            await target.execute(insert(table), values)
        else:
            # The driver would send them one by one.
            await target.execute(insert(table).values(values))
        copied += len(values)
    return copied
