"""Records as they are read: of a session, of a person, of a group, with what changed and with sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus
from portero_server.domain.attendance.summary import AttendanceSummary
from portero_server.store.attendance.rows import record_of
from portero_server.store.database import Database
from portero_server.store.schema import along, attendance_changes, attendance_records, attendance_sessions, people
from portero_server.store.sequencers import last_position

_table = attendance_records.c


@dataclass(frozen=True, slots=True)
class RecordFilter:
    """Conditions on records; all must hold, and None means no condition.

    Attributes:
        start, end: Of sessions begun in this time.
        within: Of these groups or these people.
    """

    session_id: str | None = None
    person_id: str | None = None
    group_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    within: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class RecordCursor:
    """A position in the list: beginning and id of the session, and id of the row."""

    starts_at: datetime
    session_id: str
    record_id: str


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """A record as it is stored.

    Attributes:
        record: Of somebody who was erased the person's id is empty.
        starts_at: Beginning of its session.
        published_at: Since when it is as it is.
    """

    record_id: str
    group_id: str
    record: AttendanceRecord
    starts_at: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A published status that changed; a status of None: there was, or is, no record.

    Attributes:
        position: Its place in the order in which changes are told to watchers; 0: they are not told.
        group_id: The session's group, where changes are read for watchers; None: the session is no longer kept.
    """

    change_id: str
    session_id: str
    person_id: str | None
    old_status: AttendanceStatus | None
    new_status: AttendanceStatus | None
    cause: ChangeCause
    reference: str
    changed_at: datetime
    position: int = 0
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class PersonTotals:
    """What the records of one person add up to; `person_id`: None and no name, of all who were erased."""

    person_id: str | None
    display_name: str
    summary: AttendanceSummary
    present: timedelta
    late: timedelta


class AttendanceRecordStore:
    """Reads records and their changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, which: RecordFilter, limit: int, after: RecordCursor | None = None
    ) -> Sequence[PublishedRecord]:
        """Returns at most `limit` records in order of their sessions, after a place in the list."""
        query = along(_filtered(select(attendance_records), which), attendance_records, _index_for(which))
        query = query.order_by(_table.starts_at, _table.session_id, _table.record_id).limit(limit)
        if after is not None:
            same = and_(_table.starts_at == after.starts_at, _table.session_id == after.session_id)
            later = and_(_table.starts_at == after.starts_at, _table.session_id > after.session_id)
            behind = or_(_table.starts_at > after.starts_at, later, and_(same, _table.record_id > after.record_id))
            query = query.where(_table.starts_at >= after.starts_at, behind)
        return [
            PublishedRecord(row.record_id, row.group_id, record_of(row), row.starts_at, row.published_at)
            for row in await self._rows(query)
        ]

    async def changes(
        self,
        session_id: str | None,
        person_id: str | None,
        limit: int,
        after: tuple[datetime, str] | None = None,
        *,
        within: Scope = EVERYTHING,
    ) -> Sequence[StatusChange]:
        """Returns at most `limit` changes of a session or a person, oldest first, after time and id of the last one.

        Of those, only the changes within a scope of groups and people.
        """
        table = attendance_changes.c
        query = select(attendance_changes).order_by(table.changed_at, table.change_id).limit(limit)
        if session_id is not None:
            query = query.where(table.session_id == session_id)
        if person_id is not None:
            query = query.where(table.person_id == person_id)
        if not within.everything:
            theirs = select(attendance_sessions.c.session_id).where(
                attendance_sessions.c.session_id == table.session_id, attendance_sessions.c.group_id.in_(within.groups)
            )
            query = query.where(or_(table.person_id.in_(within.people), theirs.exists()))
        if after is not None:
            moment, change_id = after
            tie = and_(table.changed_at == moment, table.change_id > change_id)
            query = query.where(table.changed_at >= moment, or_(table.changed_at > moment, tie))
        return [_change(row) for row in await self._rows(query)]

    async def changes_after(
        self, position: int, camera_id: str | None, limit: int, within: frozenset[str] | None = None
    ) -> Sequence[StatusChange]:
        """Returns at most `limit` changes after a position, in order, with their groups. They happen at no camera."""
        table = attendance_changes.c
        query = select(attendance_changes, attendance_sessions.c.group_id).outerjoin(
            attendance_sessions, attendance_sessions.c.session_id == table.session_id
        )
        query = query.where(table.position > position).order_by(table.position).limit(limit)
        query = along(query, attendance_changes, "uq_attendance_changes_position")
        return [replace(_change(row), group_id=row.group_id) for row in await self._rows(query)]

    async def last_position(self) -> int:
        """Returns the position of the last change, or 0 if there is none."""
        return await self._database.read(lambda connection: last_position(connection, "attendance_changes"))

    async def totals(self, which: RecordFilter) -> Sequence[PersonTotals]:
        """Returns what the records add up to for each person, by id; those of erased people are one entry, the last."""
        sums = (func.count().label("number"), *(func.sum(_table[name]).label(name) for name in ("present", "late")))
        # Credit is 0, 0.5 or 1: doubled it is a whole number, which adds up exactly.
        halves = func.sum(_table.credit * 2).label("halves")
        name = func.max(people.c.display_name).label("display_name")
        query: Select[Any] = select(_table.person_id, _table.status, halves, name, *sums)
        query = query.select_from(attendance_records.outerjoin(people, people.c.person_id == _table.person_id))
        query = along(_filtered(query, which), attendance_records, _index_for_sums(which))
        query = query.group_by(_table.person_id, _table.status)
        found: dict[str | None, list[Any]] = {}
        for row in await self._rows(query):
            found.setdefault(row.person_id, []).append(row)
        ordered = sorted(found, key=lambda person_id: (person_id is None, person_id or ""))
        return [_totals(person_id, found[person_id]) for person_id in ordered]

    async def _rows(self, query: Select[Any]) -> Sequence[Any]:
        async def unit(connection: AsyncConnection) -> Sequence[Any]:
            return list(await connection.execute(query))

        return await self._database.read(unit)


def _filtered(query: Select[Any], which: RecordFilter) -> Select[Any]:
    if which.session_id is not None:
        query = query.where(_table.session_id == which.session_id)
    if which.person_id is not None:
        query = query.where(_table.person_id == which.person_id)
    if which.group_id is not None:
        query = query.where(_table.group_id == which.group_id)
    if which.start is not None:
        query = query.where(_table.starts_at >= which.start)
    if which.end is not None:
        query = query.where(_table.starts_at < which.end)
    if not which.within.everything:
        groups, persons = which.within.groups, which.within.people
        query = query.where(or_(_table.group_id.in_(groups), _table.person_id.in_(persons)))
    return query


def _index_for(which: RecordFilter) -> str:
    if which.session_id is not None:
        return "uq_attendance_records"
    if which.person_id is not None:
        return "ix_attendance_records_person"
    return "ix_attendance_records_time" if which.group_id is None else "ix_attendance_records_group"


def _index_for_sums(which: RecordFilter) -> str:
    """Returns the index for a query without order: left to itself, MariaDB reads the whole table for a group's year."""
    only_people = not which.within.everything and not which.within.groups
    return "ix_attendance_records_person" if only_people and which.session_id is None else _index_for(which)


def _totals(person_id: str | None, rows: Sequence[Any]) -> PersonTotals:
    counts = dict.fromkeys(AttendanceStatus, 0) | {AttendanceStatus(row.status): row.number for row in rows}
    credit = Decimal(round(sum(row.halves for row in rows))) / 2
    present, late = (timedelta(seconds=sum(getattr(row, name) for row in rows)) for name in ("present", "late"))
    return PersonTotals(person_id, rows[0].display_name or "", AttendanceSummary(counts, credit), present, late)


def _change(row: Any) -> StatusChange:
    return StatusChange(
        row.change_id,
        row.session_id,
        row.person_id,
        None if row.old_status is None else AttendanceStatus(row.old_status),
        None if row.new_status is None else AttendanceStatus(row.new_status),
        ChangeCause(row.cause),
        row.reference,
        row.changed_at,
        row.position or 0,
    )
