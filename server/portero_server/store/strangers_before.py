"""What was seen before a stranger's sighting began: by it alerts are decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.events.alerts import SeenBefore
from portero_server.domain.recording.sightings import Sighting
from portero_server.store.database import Database
from portero_server.store.schema import along, cameras, sightings, visitor_visits

_LONG = timedelta(hours=1)
"""A sighting of a stranger that lasts longer than this, and the quiet time, is not looked for."""


class StrangersBefore:
    """Reads what was seen before."""

    def __init__(self, database: Database, quiet: timedelta) -> None:
        """Reads from `database`; who was seen longer ago than `quiet` does not matter."""
        self._database = database
        self._quiet = quiet

    async def of(self, sighting: Sighting) -> SeenBefore:
        """Returns what was seen before a sighting.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        site = select(cameras.c.site).where(cameras.c.camera_id == sighting.camera_id)

        async def unit(connection: AsyncConnection) -> SeenBefore:
            return SeenBefore(
                await connection.scalar(site) or "",
                await connection.scalar(self._strangers(sighting)),
                None if sighting.visitor_id is None else await connection.scalar(_visits(sighting)),
            )

        return await self._database.read(unit)

    def _strangers(self, sighting: Sighting) -> Any:
        table = sightings.c
        query = select(func.max(table.last_seen)).where(
            table.person_id.is_(None),
            table.erased.is_not(true()),
            table.camera_id == sighting.camera_id,
            table.first_seen >= sighting.first_seen - self._quiet - _LONG,
            table.first_seen <= sighting.first_seen,
            _before(sighting),
            table.track_count > 0,
        )
        return along(query, sightings, "ix_sightings_visit")


def _visits(sighting: Sighting) -> Any:
    table = sightings.c
    query = select(func.max(table.last_seen)).join(visitor_visits, visitor_visits.c.sighting_id == table.sighting_id)
    return query.where(
        visitor_visits.c.visitor_id == sighting.visitor_id,
        table.person_id.is_(None),
        _before(sighting),
    )


def _before(sighting: Sighting) -> ColumnElement[bool]:
    table = sightings.c
    # Of those who come into the same frame, one comes first: else each would keep the others from being an alert.
    tie = and_(table.first_seen == sighting.first_seen, table.sighting_id < sighting.sighting_id)
    return or_(table.first_seen < sighting.first_seen, tie)
