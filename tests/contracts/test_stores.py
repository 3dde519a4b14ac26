"""The contract of stores on the real one, with each database, and on the fake of the stream harness.

The simulation holds its own store to it: tests/simulation/test_store.py.
"""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store import schema
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.schema import OUTCOME_COLUMNS
from portero_server.store.streams import StreamStore
from tests.contracts.store_contract import StoreCase, StoreContract, Written
from tests.support.server.stream_harness import MemoryStore
from tests.support.store.fixtures import database, database_url
from tests.support.time.virtual_time import ManualClock

__all__ = ["database", "database_url"]


class TestRealStore(StoreContract):
    """StreamStore and Recording, on SQLite and MariaDB."""

    @pytest.fixture
    async def case(self, database: Database) -> StoreCase:
        """The real store, with two people."""
        clock = ManualClock()
        people, streams = PeopleStore(database, clock), StreamStore(database, clock)
        for person_id in ("ana", "ben"):
            await people.create(person_id, person_id.title(), {})

        async def written(stream_id: int) -> Written:
            row = await streams.get(stream_id)
            query = select(schema.streams).where(schema.streams.c.stream_id == stream_id)

            async def unit(connection: AsyncConnection) -> Counter[FrameOutcome]:
                stored = (await connection.execute(query)).mappings().one()
                return Counter({each: stored[name] for each, name in OUTCOME_COLUMNS.items() if stored[name]})

            return Written(row.durable_sequence, await database.read(unit), row.open_tracks)

        return StoreCase(streams, streams, Recording(database, clock), written)


class TestMemoryStore(StoreContract):
    """The store of the stream harness."""

    @pytest.fixture
    async def case(self) -> StoreCase:
        """The store of the stream harness, which names everybody but "deleted"."""
        store = MemoryStore()

        async def written(stream_id: int) -> Written:
            row = store.row(stream_id)
            assert row is not None
            return Written(row.durable_sequence, store.counted[stream_id], row.open_tracks)

        return StoreCase(store, store, store, written)
