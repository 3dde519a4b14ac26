"""Marks sessions whose records may no longer be what the facts say, within the transaction that changes a fact.

Whoever decides a session holds its row, so that what becomes known meanwhile is marked after it. Of several facts the
first one is kept as the cause of what changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.store.attendance.texts import rooms_of
from portero_server.store.schema import along, attendance_memberships, attendance_placements, attendance_sessions

_table = attendance_sessions.c
_LONGEST = timedelta(days=2)
"""More than a session takes, with its check-in: by it those around a time are found by when they begin."""
_AT_ONCE = 500


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
    first, end = span
    query = select(_table.session_id, _table.room_ids).where(_table.stale_at.is_(None))
    if first is not None or end is not None:
        query = along(query, attendance_sessions, "ix_attendance_sessions_time")
    if first is not None:
        query = query.where(_table.ends_at > first, _table.starts_at > first - _LONGEST)
    if end is not None:
        query = query.where(_table.opens_at < end, _table.starts_at < end + _LONGEST)
    found = [row.session_id for row in await connection.execute(query) if set(room_ids) & set(rooms_of(row.room_ids))]
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
    fresh = update(attendance_sessions).where(_table.stale_at.is_(None), *conditions)
    await connection.execute(fresh.values(**values))
