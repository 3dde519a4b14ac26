"""How live searches of the standby agreed with those of the collection in use; figures only."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.shadow import ShadowOutcome, ShadowTally
from portero_server.store.bulk.writing import insert_new
from portero_server.store.database import Database
from portero_server.store.schema import shadow_searches

_columns = shadow_searches.c


class ShadowStore:
    """Adds up what all servers counted, by the collection that stood by."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, number: int, counts: Mapping[ShadowOutcome, int]) -> None:
        """Adds counts to those of a collection.

        Raises:
            StoreUnavailable: The database does not answer.
        """

        async def unit(connection: AsyncConnection) -> None:
            rows = [{"number": number, "outcome": outcome.value, "searches": 0} for outcome in counts]
            await insert_new(connection, shadow_searches, rows)
            for outcome, count in sorted(counts.items(), key=lambda each: each[0].value):
                own = (_columns.number == number, _columns.outcome == outcome.value)
                await connection.execute(update(shadow_searches).where(*own).values(searches=_columns.searches + count))

        if counts:
            await self._database.run(unit)

    async def tally(self, number: int) -> ShadowTally:
        """Returns what was counted while a collection stood by. Raises StoreUnavailable."""
        query = select(_columns.outcome, _columns.searches).where(_columns.number == number)

        async def unit(connection: AsyncConnection) -> ShadowTally:
            return ShadowTally({ShadowOutcome(row.outcome): row.searches for row in await connection.execute(query)})

        return await self._database.read(unit)
