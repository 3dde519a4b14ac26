"""Sightings as they are exported: oldest first, with their sites, and without a long transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.export_range import ExportCursor, ExportedSighting, ExportRange
from portero_server.store.database import Database
from portero_server.store.schema import along, cameras, sightings, unserved, visitor_visits
from portero_server.store.sightings import told_sighting

_SITE = func.coalesce(cameras.c.site, "").label("site")
# A list of cameras must not draw SQLite to their index: it would read all of them and sort.
_CAMERA = unserved(sightings.c.camera_id)
_EXPORTED = (
    select(sightings, visitor_visits.c.visitor_id, visitor_visits.c.visit, _SITE)
    .select_from(sightings)
    .outerjoin(visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id)
    # A deleted camera leaves its sightings.
    .outerjoin(cameras, cameras.c.camera_id == sightings.c.camera_id)
    .where(sightings.c.track_count > 0)
    .order_by(sightings.c.first_seen, sightings.c.sighting_id)
)


class SightingExportStore:
    """Reads sightings for exports; each page is a read of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, which: ExportRange, limit: int, after: ExportCursor | None, within: frozenset[str] | None
    ) -> Sequence[ExportedSighting]:
        """Returns at most `limit` sightings, oldest first, after a place.

        Args:
            which: The conditions.
            limit: How many at most.
            after: The last sighting that is not wanted; None: from the beginning.
            within: Only at these cameras; None: at all.
        """
        table = sightings.c
        query = _EXPORTED.where(table.first_seen >= which.start, table.first_seen < which.end)
        if which.camera_id is not None:
            query = query.where(table.camera_id == which.camera_id)
        if which.person_id is not None:
            query = query.where(table.person_id == which.person_id)
        if within is not None:
            query = query.where(_CAMERA.in_(within))
        if after is not None:
            # MySQL takes no range from (a, b) > (x, y); it does from the first of these conditions.
            tie = and_(table.first_seen == after.first_seen, table.sighting_id > after.sighting_id)
            query = query.where(table.first_seen >= after.first_seen, or_(table.first_seen > after.first_seen, tie))
        query = along(query.limit(limit), sightings, _index_for(which))

        async def unit(connection: AsyncConnection) -> Sequence[Row[Any]]:
            asked = query
            if which.site is not None:
                # As a list: MySQL would begin with a condition on the joined table, and then sort.
                of_site = select(cameras.c.camera_id).where(cameras.c.site == which.site)
                asked = query.where(_CAMERA.in_((await connection.execute(of_site)).scalars().all()))
            rows: Sequence[Row[Any]] = (await connection.execute(asked)).all()
            return rows

        return [ExportedSighting(told_sighting(row), row.site) for row in await self._database.read(unit)]


def _index_for(which: ExportRange) -> str:
    if which.camera_id is not None:
        return "ix_sightings_camera" if which.person_id is None else "ix_sightings_visit"
    return "ix_sightings_time" if which.person_id is None else "ix_sightings_person"
