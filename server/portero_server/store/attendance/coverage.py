"""When cameras watched, and why they did not: spans of time, compact, to which more may be added in any order.

A row of the kind "seen" says that settled frames were taken throughout; one of another kind is named after the cause
for which the camera did not watch. No row is longer than a day: those of a session are found by their beginning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.coverage import DEFAULT_PAUSE, UNKNOWN_COVERAGE, Coverage
from portero_server.domain.attendance.known_view import VIEW_CAUSES, KnownView
from portero_server.domain.attendance.spans import TimeSpan, merged, without
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.store.attendance.stale import mark_cameras
from portero_server.store.attendance.views import store_views
from portero_server.store.database import Database
from portero_server.store.schema import attendance_coverage

SEEN = "seen"
_LONGEST = timedelta(days=1)
_LOOKED_AT = frozenset({SEEN, *(cause.value for cause in VIEW_CAUSES)})
_table = attendance_coverage.c


class CoverageStore:
    """Stores what is known of the times at which cameras watched."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self,
        camera_id: str,
        seen: Sequence[TimeSpan] = (),
        faults: Sequence[UnprovenSpan] = (),
        views: Collection[KnownView] = (),
    ) -> Sequence[TimeSpan]:
        """Adds what became known of a camera, and has the sessions decided anew that it touches.

        What is known already may come again, and changes nothing.

        Args:
            camera_id: The camera.
            seen: From when until when frames were taken that are settled; in any order.
            faults: When something was wrong with the frames, or with what they showed; in any order.
            views: What became of the views of the camera meanwhile.

        Returns:
            The spans of which something new is known, merged.
        """
        now = self._clock.now()
        by_kind = _by_kind(seen, faults)

        async def unit(connection: AsyncConnection) -> Sequence[TimeSpan]:
            news: list[TimeSpan] = []
            for kind, spans in by_kind.items():
                news += await _add(connection, camera_id, kind, spans)
            await store_views(connection, camera_id, views)
            changed = merged(news)
            await mark_cameras(connection, camera_id, changed, ChangeCause.COVERAGE, camera_id, now)
            return changed

        return await self._database.run(unit) if by_kind or views else ()

    async def coverage(self, camera_id: str, span: TimeSpan) -> Coverage:
        """Returns what is known of a camera in a span, and around it."""
        return await self._database.read(lambda connection: coverage_in(connection, camera_id, span))


async def coverage_in(connection: AsyncConnection, camera_id: str, span: TimeSpan) -> Coverage:
    """Returns what is known of a camera in a span, and around it, as part of a unit of work."""
    query = select(attendance_coverage).where(*_around(camera_id, span)).order_by(_table.starts_at)
    seen: list[TimeSpan] = []
    faults: list[UnprovenSpan] = []
    for row in await connection.execute(query):
        if row.kind == SEEN:
            seen.append(TimeSpan(row.starts_at, row.ends_at))
        else:
            faults.append(UnprovenSpan(row.starts_at, row.ends_at, (UnprovenCause(row.kind),)))
    return UNKNOWN_COVERAGE.with_more(seen, faults)


def _by_kind(seen: Iterable[TimeSpan], faults: Iterable[UnprovenSpan]) -> Mapping[str, tuple[TimeSpan, ...]]:
    found: dict[str, list[TimeSpan]] = {}
    for span in seen:
        found.setdefault(SEEN, []).append(span)
    for fault in faults:
        if fault.start < fault.end:
            for cause in fault.causes:
                found.setdefault(cause.value, []).append(TimeSpan(fault.start, fault.end))
    return {kind: merged(spans, _pause(kind)) for kind, spans in sorted(found.items())}


async def _add(
    connection: AsyncConnection, camera_id: str, kind: str, spans: tuple[TimeSpan, ...]
) -> tuple[TimeSpan, ...]:
    """Adds merged spans of one kind, and returns the time that is new."""
    pause = _pause(kind)
    reach = TimeSpan(spans[0].start - pause, spans[-1].end + pause)
    query = select(_table.starts_at, _table.ends_at).where(*_around(camera_id, reach), _table.kind == kind)
    known = [TimeSpan(row.starts_at, row.ends_at) for row in await connection.execute(query.with_for_update())]
    whole = [part for span in merged((*known, *spans), pause) for part in _parts(span, known)]
    gone, new = set(known) - set(whole), sorted(set(whole) - set(known))
    own = (_table.camera_id == camera_id, _table.kind == kind)
    if gone:
        starts = _table.starts_at.in_([each.start for each in gone])
        await connection.execute(delete(attendance_coverage).where(*own, starts))
    if new:
        rows = [{"camera_id": camera_id, "kind": kind, "starts_at": each.start, "ends_at": each.end} for each in new]
        await connection.execute(insert(attendance_coverage), rows)
    return without(merged(whole), merged(known, pause))


def _parts(span: TimeSpan, known: Sequence[TimeSpan]) -> list[TimeSpan]:
    """Returns a span in rows of a day at most; rows that are a day long stay as they are."""
    full = sorted(each for each in known if each.length == _LONGEST and each.within(span) == each)
    found = list(full)
    for part in without((span,), merged(full)):
        start = part.start
        while part.end - start > _LONGEST:
            found.append(TimeSpan(start, start + _LONGEST))
            start += _LONGEST
        found.append(TimeSpan(start, part.end))
    return found


def _around(camera_id: str, span: TimeSpan) -> tuple[ColumnElement[bool], ...]:
    earliest: datetime = span.start - _LONGEST
    return (
        _table.camera_id == camera_id,
        _table.starts_at >= earliest,
        _table.starts_at <= span.end,
        _table.ends_at >= span.start,
    )


def _pause(kind: str) -> timedelta:
    # A fault is as long as it is; two of them do not make the time between them one. What is looked at once a second
    # lasts from one look to the next, also where a stream was cut between them.
    return DEFAULT_PAUSE if kind in _LOOKED_AT else timedelta(0)
