"""Moves what attendance holds of one person to another, within the transaction of a merge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.merging import counts_more, united_memberships
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.store.attendance.notices import ReplacedRecord, withdraw_replaced
from portero_server.store.attendance.rows import membership_of
from portero_server.store.attendance.stale import mark_person
from portero_server.store.schema import (
    attendance_changes,
    attendance_corrections,
    attendance_excuses,
    attendance_memberships,
    attendance_notices,
    attendance_records,
)

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _MovedRecords:
    """How many records became the person's, and the records of the other one, whether they stay or not."""

    count: int
    replaced: Sequence[ReplacedRecord]


async def move_attendance(
    connection: AsyncConnection, kept_id: str, other_id: str, notices: NoticeRules, now: datetime
) -> int:
    """Moves memberships, records and remarks to the person who is kept, and has open sessions decided anew.

    What was told of either, and does not hold by the records of both, is withdrawn: whoever was absent under one name
    may have been there under the other one.

    Args:
        connection: Holds both people.
        kept_id: Who stays.
        other_id: Who goes.
        notices: When something is told of attendance.
        now: When they are merged.

    Returns:
        How many records became the person's.
    """
    await _move_memberships(connection, kept_id, other_id)
    for table in (attendance_excuses, attendance_corrections, attendance_changes, attendance_notices):
        theirs = update(table).where(table.c.person_id == other_id).values(person_id=kept_id)
        await connection.execute(theirs)
    moved = await _move_records(connection, kept_id, other_id)
    # Whatever was seen of either may count now in the groups of both.
    ever = TimeSpan(_BEGINNING, now + timedelta(days=1))
    await mark_person(connection, kept_id, ever, ChangeCause.MERGE, "", now)
    # After the sessions are held, as whoever publishes one holds it before the positions of notices.
    await withdraw_replaced(connection, kept_id, moved.replaced, notices, now)
    return moved.count


async def _move_memberships(connection: AsyncConnection, kept_id: str, other_id: str) -> None:
    table = attendance_memberships.c
    groups = list(await connection.scalars(select(table.group_id).where(table.person_id == other_id).distinct()))
    for group_id in sorted(groups):
        own = (table.group_id == group_id, or_(table.person_id == kept_id, table.person_id == other_id))
        rows = (await connection.execute(select(attendance_memberships).where(*own).with_for_update())).all()
        await connection.execute(delete(attendance_memberships).where(*own))
        united = [
            {
                "membership_id": uuid4().hex,
                "group_id": group_id,
                "person_id": kept_id,
                "since": each.since.isoformat(),
                "until": None if each.until is None else each.until.isoformat(),
            }
            for each in united_memberships(kept_id, map(membership_of, rows))
        ]
        await connection.execute(insert(attendance_memberships), united)


async def _move_records(connection: AsyncConnection, kept_id: str, other_id: str) -> _MovedRecords:
    table: Any = attendance_records.c
    query = select(
        table.session_id, table.group_id, table.starts_at, table.record_id, table.status, table.correction_id
    )
    theirs = {row.session_id: row for row in await connection.execute(query.where(table.person_id == other_id))}
    for row in (await connection.execute(query.where(table.person_id == kept_id))).all():
        other = theirs.get(row.session_id)
        if other is None:
            continue
        more = counts_more(
            AttendanceStatus(other.status),
            AttendanceStatus(row.status),
            corrected=other.correction_id is not None,
            other_corrected=row.correction_id is not None,
        )
        gone = row if more else other
        await connection.execute(delete(attendance_records).where(table.record_id == gone.record_id))
    moved = update(attendance_records).where(table.person_id == other_id).values(person_id=kept_id)
    count = (await connection.execute(moved)).rowcount
    # Also where only one of them has a record: the percentage of both is another one.
    replaced = [ReplacedRecord(row.session_id, row.group_id, row.starts_at) for row in theirs.values()]
    return _MovedRecords(count, replaced)
