"""Stores what is told of attendance, in the transaction that publishes it, and reads it to be sent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import RecordChange
from portero_server.domain.attendance.notable_changes import may_be_told, may_be_told_of_session, may_only_withdraw
from portero_server.domain.attendance.notices import (
    AttendanceNotice,
    AttendedSession,
    NoticeKind,
    NoticeRules,
    PersonPast,
    notices_of,
    withdrawals_of,
)
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.store.database import Database
from portero_server.store.schema import (
    along,
    attendance_groups,
    attendance_notices,
    attendance_records,
    sequencers,
    unserved,
)
from portero_server.store.sequencers import last_position, take_positions

_notices = attendance_notices.c
_records = attendance_records.c
_BEYOND_EVENTS = 2**52
"""Notices and events share the list of deliveries: no position is one of both, and every one is exact in JSON."""
_AT_ONCE = 500
"""People of whom one query reads the past."""
_KINDS = {kind.value: kind for kind in NoticeKind}
_TOLD = (
    _notices.notice_id,
    _notices.kind,
    _notices.session_id,
    _notices.group_id,
    _notices.starts_at,
    _notices.person_id,
    _notices.decided_at,
    _notices.withdraws,
)
"""What further decisions need of notices; figures are for those who are told."""


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice in the order in which notices are told.

    Attributes:
        position: Its place in this order; it is no position of an event.
        group_name: Of the group, for people; empty: the group is gone.
    """

    position: int
    notice: AttendanceNotice
    group_name: str


@dataclass(frozen=True, slots=True)
class ReplacedRecord:
    """A record of one person in whose place there is another one's, or that became another one's."""

    session_id: str
    group_id: str
    starts_at: datetime


async def tell(
    connection: AsyncConnection,
    session: AttendanceSession,
    records: Sequence[AttendanceRecord],
    changes: Sequence[RecordChange],
    rules: NoticeRules,
    now: datetime,
) -> None:
    """Stores what follows from a session that was just published; the same changes are told once."""
    people = [change.person_id for change in changes if may_be_told(change)]
    attended = [change.person_id for change in changes if may_only_withdraw(change)]
    of_session = may_be_told_of_session(records, changes)
    if not (people or attended or of_session):
        return
    await _hold(connection)
    start = session.span.start
    people += await _with_low_attendance(connection, session.group_id, start, attended, rules)
    pasts = await _pasts(connection, session.group_id, [(session.session_id, start)], people, rules)
    whole = select(*_TOLD).where(
        _notices.session_id == session.session_id, _notices.kind == NoticeKind.SESSION_UNPROVEN.value
    )
    found = notices_of(
        session,
        records,
        changes,
        pasts,
        [_told(row) for row in await connection.execute(whole.order_by(_notices.position))],
        rules,
        now,
    )
    await _store(connection, found)


async def withdraw_replaced(
    connection: AsyncConnection, person_id: str, replaced: Sequence[ReplacedRecord], rules: NoticeRules, now: datetime
) -> None:
    """Stores what does not hold any more of a person, some of whose records were replaced by those of another one.

    Args:
        connection: Has stored the records, and has the notices about both under this person's id.
        person_id: Who it is.
        replaced: Which records.
        rules: When something is told.
        now: When they were replaced, UTC.
    """
    if not replaced:
        return
    await _hold(connection)
    found: list[AttendanceNotice] = []
    for group_id in sorted({each.group_id for each in replaced}):
        theirs = sorted((each.starts_at, each.session_id) for each in replaced if each.group_id == group_id)
        sessions = [(session_id, start) for start, session_id in theirs]
        past = (await _pasts(connection, group_id, sessions, [person_id], rules))[person_id]
        found += withdrawals_of(group_id, person_id, sessions, past, rules, now)
    await _store(connection, found)


async def _hold(connection: AsyncConnection) -> None:
    """Waits until no other transaction stores notices; what is read from then on has all of them.

    Of two servers that publish sessions of one person the later one sees what the other one told.
    """
    held = select(sequencers.c.name).where(sequencers.c.name == "attendance_notices")
    await connection.execute(held.with_for_update())


async def _store(connection: AsyncConnection, found: Sequence[AttendanceNotice]) -> None:
    if found:
        first = _BEYOND_EVENTS + await take_positions(connection, "attendance_notices", len(found))
        rows = [_row(position, notice) for position, notice in enumerate(found, first)]
        await connection.execute(insert(attendance_notices), rows)


async def _pasts(
    connection: AsyncConnection,
    group_id: str,
    sessions: Collection[tuple[str, datetime]],
    people: Sequence[str],
    rules: NoticeRules,
) -> Mapping[str, PersonPast]:
    """Returns what is known of people in a group, around some sessions, by id and beginning."""
    first = min(start for _, start in sessions) - rules.longest
    last = max(start for _, start in sessions) + rules.longest
    # Those of the sessions themselves whenever they are dated: a session may have been moved by months since. Absences
    # are told of one session each: those of others are of no use, and of some people there are many. What is told of
    # the last of these records is told once in as many days.
    of_use = or_(
        _notices.session_id.in_([session_id for session_id, _ in sessions]),
        and_(
            _notices.kind != NoticeKind.ABSENT.value,
            _notices.starts_at.between(first - rules.longest, last + rules.longest),
        ),
    )
    attended: dict[str, list[AttendedSession]] = defaultdict(list)
    told: dict[str, list[AttendanceNotice]] = defaultdict(list)
    for some in _some(people):
        theirs = select(_records.person_id, _records.session_id, _records.starts_at, _records.status, _records.credit)
        theirs = theirs.where(
            _records.person_id.in_(some),
            unserved(_records.group_id) == group_id,
            _records.starts_at.between(first, last),
        )
        theirs = along(theirs, attendance_records, "ix_attendance_records_person")
        for row in await connection.execute(theirs.order_by(_records.starts_at, _records.session_id)):
            status = AttendanceStatus(row.status)
            attended[row.person_id].append(AttendedSession(row.session_id, row.starts_at, status, row.credit))
        before = select(*_TOLD).where(
            _notices.person_id.in_(some),
            _notices.group_id == group_id,
            of_use,
        )
        before = along(before, attendance_notices, "ix_attendance_notices_person")
        for row in await connection.execute(before.order_by(_notices.position)):
            told[row.person_id].append(_told(row))
    return {each: PersonPast(attended.get(each, ()), told.get(each, ())) for each in people}


async def _with_low_attendance(
    connection: AsyncConnection, group_id: str, start: datetime, people: Sequence[str], rules: NoticeRules
) -> list[str]:
    """Returns those of whom low attendance was told with a session from `start` on, for which it counts."""
    found: set[str] = set()
    for some in _some(people):
        low = select(_notices.person_id).where(
            _notices.person_id.in_(some),
            _notices.group_id == group_id,
            _notices.kind == NoticeKind.LOW_ATTENDANCE.value,
            _notices.starts_at.between(start, start + rules.longest),
        )
        found |= set(await connection.scalars(along(low, attendance_notices, "ix_attendance_notices_person")))
    return sorted(found)


def _some(people: Sequence[str]) -> Iterator[list[str]]:
    ordered = sorted(people)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


async def last_notice_position(connection: AsyncConnection) -> int:
    """Returns the position of the last notice, or one before all of them."""
    return _BEYOND_EVENTS + await last_position(connection, "attendance_notices")


class NoticeStore:
    """Reads notices in the order in which they were stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def after(self, position: int, limit: int) -> Sequence[StoredNotice]:
        """Returns at most `limit` notices after a position, in order; those of erased people are gone."""
        query = select(attendance_notices, attendance_groups.c.display_name).outerjoin(
            attendance_groups, attendance_groups.c.group_id == _notices.group_id
        )
        query = query.where(_notices.position > position).order_by(_notices.position).limit(limit)

        async def unit(connection: AsyncConnection) -> Sequence[StoredNotice]:
            rows = await connection.execute(query)
            return [StoredNotice(row.position, _notice(row), row.display_name or "") for row in rows]

        return await self._database.read(unit)

    async def last_position(self) -> int:
        """Returns the position of the last notice, or one before all of them."""
        return await self._database.read(last_notice_position)

    async def position_before(self, moment: datetime) -> int:
        """Returns the position before the first stored notice that was decided at `moment` or later."""
        first = select(func.min(_notices.position)).where(_notices.decided_at >= moment)

        async def unit(connection: AsyncConnection) -> int:
            found = (await connection.execute(first)).scalar_one()
            return (await last_notice_position(connection)) if found is None else int(found) - 1

        return await self._database.read(unit)


def _row(position: int, notice: AttendanceNotice) -> dict[str, Any]:
    return {
        "position": position,
        "notice_id": notice.notice_id,
        "kind": notice.kind.value,
        "session_id": notice.session_id,
        "group_id": notice.group_id,
        "starts_at": notice.starts_at,
        "person_id": notice.person_id,
        "decided_at": notice.decided_at,
        "withdraws": notice.withdraws,
        "figures": json.dumps(dict(notice.figures), sort_keys=True),
    }


def _notice(row: Any) -> AttendanceNotice:
    return replace(_told(row), figures=json.loads(row.figures))


def _told(row: Any) -> AttendanceNotice:
    return AttendanceNotice(
        row.notice_id,
        _KINDS[row.kind],
        row.session_id,
        row.group_id,
        row.starts_at,
        row.person_id,
        row.decided_at,
        row.withdraws,
    )
