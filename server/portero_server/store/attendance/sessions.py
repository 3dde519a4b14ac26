"""Sessions: planned from schedules, decided when they are over, decided anew when they are stale, and listed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.schedule import AttendanceSession, SessionState, sessions_between
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.errors import NotFound
from portero_server.store.attendance.publishing import DecidedSession, held_session, publish
from portero_server.store.attendance.rows import group_of, session_columns, session_of
from portero_server.store.attendance.scopes import groups_within
from portero_server.store.attendance.stale import SeenAt, mark, mark_sightings
from portero_server.store.attendance.texts import schedule_of
from portero_server.store.database import Database
from portero_server.store.schema import (
    along,
    attendance_groups,
    attendance_records,
    attendance_schedules,
    attendance_sessions,
    events,
    sequencers,
    sightings,
    unserved,
)

_table = attendance_sessions.c
_AHEAD = timedelta(days=8)
_FEW_GROUPS = 50
_HELD = _table.state == SessionState.HELD.value


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """A session as it is listed.

    Attributes:
        decided_at: When its records were last decided; None: not yet.
        stale: Whether something became known since.
    """

    session: AttendanceSession
    decided_at: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Conditions on sessions; all must hold, and None means no condition.

    Attributes:
        start, end: Begun in this time.
        within: Of these groups, or of groups to which one of these people belongs.
    """

    group_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    within: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class SessionCursor:
    """A position in the list."""

    starts_at: datetime
    session_id: str


class AttendanceSessionStore:
    """Stores sessions. Several servers may plan and decide at once: each session is held by one of them."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        open_for: timedelta,
        consent_required: bool = False,
        notices: NoticeRules | None = None,
    ) -> None:
        """Creates the store.

        Args:
            database: Where they are.
            clock: Dates what is decided.
            open_for: How long after its end a session may be decided anew. What it is decided from must be kept longer.
            consent_required: Whether only people with a consent can be named.
            notices: When something is told; None: as by default.
        """
        self._database = database
        self._clock = clock
        self._open_for = open_for
        self._consent_required = consent_required
        self._notices = notices or NoticeRules()

    @property
    def open_since(self) -> datetime:
        """Sessions that ended before are closed: their records stay as they are."""
        return self._clock.now() - self._open_for

    async def unplanned(self, limit: int) -> Sequence[str]:
        """Returns the ids of schedules that changed, or whose sessions of the coming days are not written down."""
        horizon = (self._clock.now() + _AHEAD).date() - timedelta(days=1)
        planned = attendance_schedules.c.planned_until
        query = select(attendance_schedules.c.schedule_id)
        query = query.where(or_(planned.is_(None), planned < horizon.isoformat())).order_by(planned).limit(limit)
        return await self._ids(query)

    async def plan(self, schedule_id: str) -> int:
        """Writes down the sessions of a schedule, from those that are open to those of the coming week.

        Sessions that are moved or canceled, or whose day is a holiday after all, are changed, and stale. One that the
        schedule does not have any more is canceled.

        Returns:
            How many sessions are new or changed.
        """
        now = self._clock.now()
        since, until = self.open_since.date() - timedelta(days=1), (now + _AHEAD).date()
        own = attendance_schedules.c.schedule_id == schedule_id

        async def unit(connection: AsyncConnection) -> int:
            row = (await connection.execute(select(attendance_schedules).where(own).with_for_update())).one_or_none()
            if row is None:
                return 0
            of_group = select(attendance_groups).where(attendance_groups.c.group_id == row.group_id)
            group = group_of((await connection.execute(of_group)).one())
            schedule = schedule_of(schedule_id, row.group_id, ZoneInfo(group.zone), row.content)
            wanted = sessions_between(
                schedule, since, until, group.holidays(), held_on_holidays=group.rules.held_on_holidays
            )
            columns = {each.session_id: session_columns(each, schedule_id, group.rules) for each in wanted}
            stored = await _planned(connection, schedule_id, since, until, columns)
            changed = await _replan(connection, stored, columns, schedule_id, now)
            await connection.execute(update(attendance_schedules).where(own).values(planned_until=until.isoformat()))
            return changed

        return await self._database.run(unit)

    async def due(self, settled_before: datetime, limit: int) -> Sequence[str]:
        """Returns the ids of sessions to decide for the first time: held, open, and over before a time."""
        query = select(_table.session_id).where(
            _HELD, _table.published_at.is_(None), _table.ends_at < settled_before, _table.ends_at >= self.open_since
        )
        query = along(query, attendance_sessions, "ix_attendance_sessions_due")
        return await self._ids(query.order_by(_table.ends_at).limit(limit))

    async def stale(self, limit: int) -> Sequence[str]:
        """Returns the ids of sessions to decide anew, those first that have waited longest; closed ones are let go.

        Of those that wait for as long, as after the import of a roster, the earlier come first: what is counted over
        them is told when it is reached, and of everything before.
        """
        await self._let_go()
        query = select(_table.session_id).where(_table.stale_at.is_not(None), _table.published_at.is_not(None))
        query = along(query, attendance_sessions, "ix_attendance_sessions_stale")
        return await self._ids(query.order_by(_table.stale_at, _table.starts_at).limit(limit))

    async def decide(self, session_id: str) -> DecidedSession:
        """Decides a session from everything that is known now, and stores its records. Raises NotFound."""
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> DecidedSession:
            row = await held_session(connection, session_id)
            return await publish(connection, row, now, consent_required=self._consent_required, notices=self._notices)

        return await self._database.run(unit)

    async def follow_sightings(self, limit: int) -> int:
        """Marks the sessions that sightings touch which are new, or have changed, since the call before.

        Args:
            limit: Events to look at, at most.

        Returns:
            How many events were looked at; fewer than `limit`: there are no more.
        """
        now = self._clock.now()
        own = sequencers.c.name == "attendance"
        query = (
            select(events.c.position, sightings.c.sighting_id, sightings.c.camera_id)
            .add_columns(sightings.c.first_seen, sightings.c.last_seen)
            .select_from(events.outerjoin(sightings, sightings.c.sighting_id == events.c.sighting_id))
            .order_by(events.c.position)
            .limit(limit)
        )

        async def unit(connection: AsyncConnection) -> int:
            # Held, so that servers take turns, and the place moves with what follows from it.
            held = select(sequencers.c.position).where(own).with_for_update()
            position: int = (await connection.execute(held)).scalar_one()
            rows = (await connection.execute(query.where(events.c.position > position))).all()
            seen = {row.sighting_id: _seen_at(row) for row in rows if row.sighting_id is not None}
            await mark_sightings(connection, list(seen.values()), now)
            if rows:
                await connection.execute(update(sequencers).where(own).values(position=rows[-1].position))
            return len(rows)

        return await self._database.run(unit)

    async def session(self, session_id: str) -> SessionEntry:
        """Returns a session. Raises NotFound."""
        found = await self._entries(select(attendance_sessions).where(_table.session_id == session_id))
        if not found:
            raise NotFound(f"attendanceSessions/{session_id}")
        return found[0]

    async def list(
        self, which: SessionFilter, limit: int, after: SessionCursor | None = None
    ) -> Sequence[SessionEntry]:
        """Returns at most `limit` sessions in order of their beginning, after a place in the list."""

        async def unit(connection: AsyncConnection) -> Sequence[SessionEntry]:
            groups = None if which.within.everything else await groups_within(connection, which.within)
            return [_entry(row) for row in await connection.execute(_listed(which, groups, limit, after))]

        return await self._database.read(unit)

    async def _let_go(self) -> None:
        closed = update(attendance_sessions).where(_table.stale_at.is_not(None), _table.ends_at < self.open_since)

        async def unit(connection: AsyncConnection) -> None:
            await connection.execute(closed.values(stale_at=None, stale_cause=None, stale_reference=None))

        await self._database.run(unit)

    async def _ids(self, query: Select[Any]) -> Sequence[str]:
        async def unit(connection: AsyncConnection) -> Sequence[str]:
            return list(await connection.scalars(query))

        return await self._database.read(unit)

    async def _entries(self, query: Select[Any]) -> Sequence[SessionEntry]:
        async def unit(connection: AsyncConnection) -> Sequence[SessionEntry]:
            return [_entry(row) for row in await connection.execute(query)]

        return await self._database.read(unit)


def _listed(
    which: SessionFilter, groups: Collection[str] | None, limit: int, after: SessionCursor | None
) -> Select[Any]:
    """Returns the query for a page of sessions, of some groups if they are given."""
    starts_at, group_id = _table.starts_at, _table.group_id
    few = groups is not None and len(groups) <= _FEW_GROUPS
    index = "ix_attendance_sessions_group" if few or which.group_id is not None else "ix_attendance_sessions_time"
    query = along(select(attendance_sessions), attendance_sessions, index).limit(limit)
    # The sessions of a few groups are sorted: along the time, one would walk past those of everybody else.
    query = query.order_by(unserved(starts_at) if few else starts_at, _table.session_id)
    if which.group_id is not None:
        query = query.where(group_id == which.group_id)
    if groups is not None:
        query = query.where((group_id if few else unserved(group_id)).in_(sorted(groups)))
    if which.start is not None:
        query = query.where(starts_at >= which.start)
    if which.end is not None:
        query = query.where(starts_at < which.end)
    if after is not None:
        tie = and_(starts_at == after.starts_at, _table.session_id > after.session_id)
        query = query.where(starts_at >= after.starts_at, or_(starts_at > after.starts_at, tie))
    return query


def _entry(row: Any) -> SessionEntry:
    return SessionEntry(session_of(row), row.decided_at, stale=_is_stale(row))


def _seen_at(row: Any) -> SeenAt:
    # A sighting may be of one moment, and a span is not.
    span = TimeSpan(row.first_seen, row.last_seen + timedelta(microseconds=1))
    return SeenAt(row.sighting_id, row.camera_id, span)


def _is_stale(row: Any) -> bool:
    return row.published_at is not None and row.stale_at is not None


async def _planned(
    connection: AsyncConnection, schedule_id: str, since: date, until: date, wanted: dict[str, Any]
) -> dict[str, Any]:
    """Returns the stored sessions of some days by id, and those that are wanted on these days."""
    within = and_(_table.day >= since.isoformat(), _table.day <= until.isoformat())
    query = select(attendance_sessions).where(
        _table.schedule_id == schedule_id, or_(within, _table.session_id.in_(list(wanted)))
    )
    return {row.session_id: row for row in await connection.execute(query.with_for_update())}


async def _replan(
    connection: AsyncConnection, stored: dict[str, Any], wanted: dict[str, Any], schedule_id: str, now: datetime
) -> int:
    new = [columns for session_id, columns in wanted.items() if session_id not in stored]
    if new:
        await connection.execute(insert(attendance_sessions), new)
    changed = {
        session_id: columns
        for session_id, columns in wanted.items()
        if session_id in stored and any(getattr(stored[session_id], name) != value for name, value in columns.items())
    }
    canceled = {"state": SessionState.CANCELED.value, "note": ""}
    for session_id, row in stored.items():
        if session_id not in wanted and row.state != SessionState.CANCELED.value:
            changed[session_id] = canceled
    for session_id, columns in changed.items():
        await connection.execute(update(attendance_sessions).where(_table.session_id == session_id).values(columns))
        if columns.get("starts_at", stored[session_id].starts_at) != stored[session_id].starts_at:
            # Records that stay as they are would stay at their old place in every list and count.
            moved = update(attendance_records).where(attendance_records.c.session_id == session_id)
            await connection.execute(moved.values(starts_at=columns["starts_at"]))
    await mark(connection, changed, ChangeCause.SCHEDULE, schedule_id, now)
    return len(new) + len(changed)
