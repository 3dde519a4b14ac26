"""Stores what is told of attendance, in the transaction that publishes it, and reads it to be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import RecordChange
from portero_server.domain.attendance.notices import (
    AttendanceNotice,
    AttendedSession,
    NoticeKind,
    NoticeRules,
    PersonPast,
    may_be_told,
    notices_of,
)
from portero_server.domain.attendance.record import AttendanceRecord
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.store.attendance.rows import record_of
from portero_server.store.database import Database
from portero_server.store.schema import attendance_groups, attendance_notices, attendance_records, sequencers
from portero_server.store.sequencers import last_position, take_positions

_notices = attendance_notices.c
_records = attendance_records.c
_BEYOND_EVENTS = 2**52
"""Notices and events share the list of deliveries: no position is one of both, and every one is exact in JSON."""
_KINDS = {kind.value: kind for kind in NoticeKind}


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
    if not people:
        # Whatever is unproven has no credit: nothing of the session as a whole has changed either.
        return
    # First, so that of two servers that publish sessions of one person the later one sees what the other one told.
    held = select(sequencers.c.name).where(sequencers.c.name == "attendance_notices")
    await connection.execute(held.with_for_update())
    pasts = await _pasts(connection, session, people, rules)
    whole = select(attendance_notices).where(
        _notices.session_id == session.session_id, _notices.kind == NoticeKind.SESSION_UNPROVEN.value
    )
    told = [_notice(row) for row in await connection.execute(whole.order_by(_notices.position))]
    found = notices_of(session, records, changes, pasts, told, rules, now)
    if found:
        first = _BEYOND_EVENTS + await take_positions(connection, "attendance_notices", len(found))
        rows = [_row(position, notice) for position, notice in enumerate(found, first)]
        await connection.execute(insert(attendance_notices), rows)


async def _pasts(
    connection: AsyncConnection, session: AttendanceSession, people: Sequence[str], rules: NoticeRules
) -> Mapping[str, PersonPast]:
    start = session.span.start
    first, last = start - rules.longest, start + rules.longest
    theirs = select(attendance_records).where(
        _records.group_id == session.group_id,
        _records.starts_at.between(first, last),
        _records.person_id.in_(people),
    )
    attended: dict[str, list[AttendedSession]] = {}
    for row in await connection.execute(theirs.order_by(_records.starts_at, _records.session_id)):
        attended.setdefault(row.person_id, []).append(AttendedSession(row.starts_at, record_of(row)))
    before = select(attendance_notices).where(
        _notices.person_id.in_(people),
        _notices.group_id == session.group_id,
        # What was told before the first record counts for those that follow it.
        _notices.starts_at.between(first - rules.longest, last),
    )
    told: dict[str, list[AttendanceNotice]] = {}
    for row in await connection.execute(before.order_by(_notices.position)):
        told.setdefault(row.person_id, []).append(_notice(row))
    return {each: PersonPast(attended.get(each, ()), told.get(each, ())) for each in people}


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
    return AttendanceNotice(
        row.notice_id,
        _KINDS[row.kind],
        row.session_id,
        row.group_id,
        row.starts_at,
        row.person_id,
        row.decided_at,
        row.withdraws,
        json.loads(row.figures),
    )
