"""Notices of attendance that were withdrawn before anybody was told of them."""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.database import Database
from portero_server.store.event_relays import Batch
from portero_server.store.schema import attendance_notices


class WithdrawalStore:
    """Finds the notices that cancel each other out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def within(self, batch: Batch) -> Set[int]:
        """Returns the positions of notices that others of the batch withdraw, and of these.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        told, gone = attendance_notices.alias("told"), attendance_notices.alias("gone")
        pairs = select(told.c.position, gone.c.position).join_from(gone, told, told.c.notice_id == gone.c.withdraws)
        pairs = pairs.where(gone.c.position > batch.after, gone.c.position <= batch.until)
        # What lies before the batch was told already: its withdrawal is told too.
        pairs = pairs.where(told.c.position > batch.after)

        async def unit(connection: AsyncConnection) -> Set[int]:
            return frozenset(position for pair in await connection.execute(pairs) for position in pair)

        return await self._database.read(unit)
