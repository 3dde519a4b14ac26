"""Marks sessions whose records may no longer be what the facts say, within the transaction that changes a fact.

Whoever decides a session holds its row, so that what becomes known meanwhile is marked after it. Of several facts the
first one is kept as the cause of what changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Placement
from portero_server.domain.attendance.spans import TimeSpan, merged
from portero_server.store.attendance.rows import placement_of
from portero_server.store.attendance.texts import rooms_of
from portero_server.store.schema import along, attendance_memberships, attendance_placements, attendance_sessions

_table = attendance_sessions.c
_LONGEST = timedelta(days=2)
"""More than a session takes, with its check-in: by it those around a time are found by when they begin."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SeenAt:
    """A sighting: where, and from when until when."""

    sighting_id: str
    camera_id: str
    span: TimeSpan


async def mark(
    connection: AsyncConnection, session_ids: Collection[str], cause: ChangeCause, reference: str, now: datetime
) -> None:
    """Marks sessions by id; those that are marked already stay as they are."""
    ordered = sorted(session_ids)
    for start in range(0, len(ordered), _AT_ONCE):
        some = _table.session_id.in_(ordered[start : start + _AT_ONCE])
        await _mark(connection, (some,), cause, reference, now)


async def mark_group(
    connection: AsyncConnection, group_id: str, cause: ChangeCause, reference: str, now: datetime
) -> None:
    """Marks all sessions of a group."""
    await _mark(connection, (_table.group_id == group_id,), cause, reference, now)


async def mark_person(
    connection: AsyncConnection, person_id: str, span: TimeSpan, cause: ChangeCause, reference: str, now: datetime
) -> None:
    """Marks the sessions within a span of the groups to which a person belongs, or ever belonged."""
    theirs = select(attendance_memberships.c.group_id).where(attendance_memberships.c.person_id == person_id)
    groups = sorted(set(await connection.scalars(theirs)))
    if groups:
        within = (_table.group_id.in_(groups), _table.starts_at < span.end, _table.ends_at > span.start)
        await _mark(connection, within, cause, reference, now)


async def mark_rooms(
    connection: AsyncConnection,
    room_ids: Collection[str],
    span: tuple[datetime | None, datetime | None],
    cause: ChangeCause,
    reference: str,
    now: datetime,
) -> None:
    """Marks the sessions in some rooms that have time in a span, with check-in; None: without a bound."""
    rows = await _sessions_in(connection, *span)
    found = [row.session_id for row in rows if set(room_ids) & set(rooms_of(row.room_ids))]
    await mark(connection, found, cause, reference, now)


async def mark_cameras(
    connection: AsyncConnection,
    camera_id: str,
    spans: Iterable[TimeSpan],
    cause: ChangeCause,
    reference: str,
    now: datetime,
) -> None:
    """Marks the sessions that a camera watches in some spans."""
    for span in spans:
        room_ids = await _rooms_of_camera(connection, camera_id, span)
        if room_ids:
            await mark_rooms(connection, room_ids, (span.start, span.end), cause, reference, now)


async def mark_sightings(connection: AsyncConnection, seen: Sequence[SeenAt], now: datetime) -> None:
    """Marks the sessions that sightings touch; of several sightings the first one is the cause.

    Sessions are read once for sightings of about the same time: in a large school as many are held at once as there
    are groups, and to read them for each sighting would take longer than a transaction may.
    """
    placements = await _placements_of(connection, {each.camera_id for each in seen})
    placed = [each for each in seen if each.camera_id in placements]
    causes: dict[str, str] = {}
    for around in merged((each.span for each in placed), _LONGEST):
        by_room: dict[str, list[Any]] = defaultdict(list)
        for row in await _sessions_in(connection, around.start, around.end):
            for room_id in rooms_of(row.room_ids):
                by_room[room_id].append(row)
        for each in placed:
            if each.span.within(around) is not None:
                for session_id in _touched(each.span, placements[each.camera_id], by_room):
                    causes.setdefault(session_id, each.sighting_id)
    sessions_of: dict[str, list[str]] = defaultdict(list)
    for session_id, sighting_id in causes.items():
        sessions_of[sighting_id].append(session_id)
    for sighting_id, session_ids in sessions_of.items():
        await mark(connection, session_ids, ChangeCause.SIGHTING, sighting_id, now)


def _touched(span: TimeSpan, placements: Iterable[Placement], by_room: Mapping[str, Sequence[Any]]) -> Iterable[str]:
    """Returns the ids of sessions in the rooms that a camera watches in a span, which have time in it."""
    for room_id in {each.room_id for each in placements if each.within(span) is not None}:
        for row in by_room.get(room_id, ()):
            if row.opens_at < span.end and row.ends_at > span.start:
                yield row.session_id


async def _sessions_in(connection: AsyncConnection, first: datetime | None, end: datetime | None) -> Sequence[Any]:
    """Returns the sessions that have time in a span, with check-in; None: without a bound.

    Those that are marked too: one that is being decided is marked until that is committed.
    """
    query: Select[Any] = select(_table.session_id, _table.room_ids, _table.opens_at, _table.ends_at)
    if first is not None or end is not None:
        query = along(query, attendance_sessions, "ix_attendance_sessions_time")
    if first is not None:
        query = query.where(_table.ends_at > first, _table.starts_at > first - _LONGEST)
    if end is not None:
        query = query.where(_table.opens_at < end, _table.starts_at < end + _LONGEST)
    return list(await connection.execute(query))


async def _placements_of(connection: AsyncConnection, camera_ids: Collection[str]) -> Mapping[str, list[Placement]]:
    """Returns which rooms cameras watch; a camera that watches none is missing."""
    found: dict[str, list[Placement]] = defaultdict(list)
    ordered = sorted(camera_ids)
    for start in range(0, len(ordered), _AT_ONCE):
        some = attendance_placements.c.camera_id.in_(ordered[start : start + _AT_ONCE])
        for row in await connection.execute(select(attendance_placements).where(some)):
            found[row.camera_id].append(placement_of(row))
    return found


async def _rooms_of_camera(connection: AsyncConnection, camera_id: str, span: TimeSpan) -> set[str]:
    placed = attendance_placements.c
    query = select(placed.room_id).where(
        placed.camera_id == camera_id,
        or_(placed.starts_at.is_(None), placed.starts_at < span.end),
        or_(placed.ends_at.is_(None), placed.ends_at > span.start),
    )
    return set(await connection.scalars(query))


async def _mark(
    connection: AsyncConnection,
    conditions: tuple[ColumnElement[bool], ...],
    cause: ChangeCause,
    reference: str,
    now: datetime,
) -> None:
    values = {"stale_at": now, "stale_cause": cause.value, "stale_reference": reference}
    # Waits for whoever decides one of them. An UPDATE along an index judges a row that is held by what was committed of
    # it last (InnoDB's semi-consistent read), and passes over one that was marked before.
    await connection.execute(select(_table.session_id).where(*conditions).with_for_update())
    fresh = update(attendance_sessions).where(_table.stale_at.is_(None), *conditions)
    await connection.execute(fresh.values(**values))
