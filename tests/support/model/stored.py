"""Everything that a run stored, read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store import schema
from portero_server.store.database import Database

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Stored:
    """The rows of each table."""

    streams: Rows
    recognitions: Rows
    exceptions: Rows
    sightings: Rows
    tracks: Rows
    events: Rows


async def read_stored(url: str) -> Stored:
    """Reads a database that nobody writes to any more."""
    database = Database(url, pool_size=1, timeout=60)

    async def unit(connection: AsyncConnection) -> Stored:
        async def rows(table: Table) -> Rows:
            found = await connection.execute(select(table).order_by(*table.primary_key))
            return [dict(row) for row in found.mappings()]

        return Stored(
            streams=await rows(schema.streams),
            recognitions=await rows(schema.recognitions),
            exceptions=await rows(schema.stream_exceptions),
            sightings=await rows(schema.sightings),
            tracks=await rows(schema.sighting_tracks),
            events=await rows(schema.events),
        )

    try:
        return await database.read(unit)
    finally:
        await database.aclose()
