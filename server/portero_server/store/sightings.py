"""Sightings and their events, as they are read.

Listing stays equally fast on ten million rows: every page begins where the one before ended, in an index that gives
the order. The one condition no such index serves, "not over before", is split: sightings up to an hour long are found
by when they began; the few longer ones also carry their end in an indexed column of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.sightings import Sighting, SightingEvent, SightingEventKind
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.schema import along, events, sightings, unserved, visitor_visits
from portero_server.store.sequencers import last_position
from portero_server.store.types import box_columns, box_of

LONG = timedelta(hours=1)
"""A longer sighting has its end in `long_until`, and is found by it."""
_VISITOR = (visitor_visits.c.visitor_id, visitor_visits.c.visit)
_TOLD = (
    select(sightings, *_VISITOR)
    .select_from(sightings)
    .outerjoin(visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id)
)


class SightingKind(Enum):
    """Named, unknown or all."""

    ALL = "all"
    NAMED = "named"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SightingFilter:
    """Conditions on sightings; all must hold, and None means no condition.

    Attributes:
        camera_id: Sightings at this camera.
        person_id: Sightings of this person.
        start: Not over before this time.
        end: Begun before this time.
        kind: Named, unknown or all.
        within: At one of these cameras.
    """

    camera_id: str | None = None
    person_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    kind: SightingKind = SightingKind.ALL
    within: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SightingCursor:
    """A position in the list."""

    first_seen: datetime
    sighting_id: str


class SightingStore:
    """Reads sightings; `Recording` writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, sighting_id: str) -> Sighting:
        """Returns a sighting by its id.

        Raises:
            NotFound: It does not exist.
        """
        found = await self._read(_TOLD.where(sightings.c.sighting_id == sighting_id))
        if not found:
            raise NotFound(f"sightings/{sighting_id}")
        return told_sighting(found[0])

    async def list(self, which: SightingFilter, limit: int, after: SightingCursor | None = None) -> Sequence[Sighting]:
        """Returns at most `limit` sightings, latest first, after a place in the list."""
        query = along(_filtered(which, after), sightings, _index_for(which)).limit(limit)
        if which.start is None:
            return [told_sighting(row) for row in await self._read(query)]
        earliest = which.start - LONG
        recent = query.where(sightings.c.first_seen >= earliest, sightings.c.last_seen >= which.start)
        rows = [*await self._read(recent)]
        if len(rows) < limit:
            # Few enough to be put in order.
            begun = unserved(sightings.c.first_seen)
            long = _filtered(which, after, begun).where(begun < earliest)
            index = "ix_sightings_long" if which.camera_id is None else "ix_sightings_camera_long"
            long = along(long.where(sightings.c.long_until >= which.start), sightings, index)
            rows += await self._read(long.limit(limit - len(rows)))
        return [told_sighting(row) for row in rows]

    async def events_after(
        self,
        position: int,
        camera_id: str | None = None,
        limit: int = 1000,
        within: frozenset[str] | None = None,
    ) -> Sequence[SightingEvent]:
        """Returns events after a position, in order, with their sightings as they are now.

        Args:
            position: Position of the last event already known.
            camera_id: Only at this camera.
            limit: How many at most.
            within: Only at these cameras.
        """
        query = (
            select(events.c.position, events.c.kind, events.c.happened_at, sightings, *_VISITOR)
            .join_from(events, sightings, sightings.c.sighting_id == events.c.sighting_id)
            .outerjoin(visitor_visits, visitor_visits.c.sighting_id == sightings.c.sighting_id)
            .where(events.c.position > position)
            .order_by(events.c.position)
            .limit(limit)
        )
        if camera_id is not None:
            query = along(query.where(events.c.camera_id == camera_id), events, "ix_events_camera")
        if within is not None:
            query = query.where(events.c.camera_id.in_(within))
        return [
            SightingEvent(row.position, SightingEventKind(row.kind), told_sighting(row), row.happened_at)
            for row in await self._read(query)
        ]

    async def last_position(self) -> int:
        """Returns the position of the last event, or 0 if there is none."""
        return await self._database.read(lambda connection: last_position(connection, "events"))

    async def position_before(self, moment: datetime) -> int:
        """Returns the position before the first stored event that happened at `moment` or later.

        Events lie in the order in which they were stored; one that a bridge sent late may have happened earlier than
        those before it.
        """
        first = select(func.min(events.c.position)).where(events.c.happened_at >= moment)

        async def unit(connection: AsyncConnection) -> int:
            position: int | None = (await connection.execute(first)).scalar_one()
            return await last_position(connection, "events") if position is None else position - 1

        return await self._database.read(unit)

    async def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async def unit(connection: AsyncConnection) -> Sequence[Row[Any]]:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows

        return await self._database.read(unit)


def _index_for(which: SightingFilter) -> str:
    of_one_person = which.person_id is not None or which.kind is SightingKind.UNKNOWN
    if which.camera_id is not None:
        return "ix_sightings_visit" if of_one_person else "ix_sightings_camera"
    return "ix_sightings_person" if of_one_person else "ix_sightings_time"


def _filtered(
    which: SightingFilter, after: SightingCursor | None, begun: ColumnElement[datetime] = sightings.c.first_seen
) -> Select[Any]:
    table = sightings.c
    query = _TOLD.where(table.track_count > 0)
    if which.camera_id is not None:
        query = query.where(table.camera_id == which.camera_id)
    if which.within is not None:
        query = query.where(table.camera_id.in_(which.within))
    if which.person_id is not None:
        query = query.where(table.person_id == which.person_id)
    if which.kind is SightingKind.NAMED:
        query = query.where(table.person_id.is_not(None))
    elif which.kind is SightingKind.UNKNOWN:
        query = query.where(table.person_id.is_(None))
    if which.end is not None:
        query = query.where(begun < which.end)
    if after is not None:
        # MySQL takes no range from (a, b) < (x, y); it does from the first of these conditions.
        tie = and_(begun == after.first_seen, table.sighting_id < after.sighting_id)
        query = query.where(begun <= after.first_seen, or_(begun < after.first_seen, tie))
    return query.order_by(begun.desc(), table.sighting_id.desc())


def told_sighting(row: Any) -> Sighting:
    """Returns the sighting of a row of `sightings` that is joined with its row of `visitor_visits`."""
    sighting = sighting_of(row)
    if row.visitor_id is None or sighting.person_id is not None:
        return sighting
    return replace(sighting, visitor_id=row.visitor_id, visit=row.visit)


def sighting_of(row: Any) -> Sighting:
    """Returns the sighting of a row of `sightings`."""
    return Sighting(
        sighting_id=row.sighting_id,
        camera_id=row.camera_id,
        person_id=row.person_id,
        display_name=row.display_name,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        similarity=row.similarity,
        margin=row.margin,
        track_count=row.track_count,
        box=box_of(row),
        reviewed=bool(row.reviewed),
        erased=bool(row.erased),
    )


def sighting_columns(sighting: Sighting) -> dict[str, Any]:
    """Returns the column values of a row of `sightings`."""
    is_long = sighting.last_seen - sighting.first_seen > LONG
    return box_columns(sighting.box) | {
        "sighting_id": sighting.sighting_id,
        "camera_id": sighting.camera_id,
        "person_id": sighting.person_id,
        "display_name": sighting.display_name,
        "first_seen": sighting.first_seen,
        "last_seen": sighting.last_seen,
        "long_until": sighting.last_seen if is_long else None,
        "similarity": sighting.similarity,
        "margin": sighting.margin,
        "track_count": sighting.track_count,
        "reviewed": sighting.reviewed,
        "erased": sighting.erased,
    }
