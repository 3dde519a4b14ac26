"""Decides the records of a session from its facts, and stores what changed, within one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import ChangeCause, RecordChange, changes_between
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceRecord
from portero_server.domain.attendance.schedule import AttendanceSession
from portero_server.domain.attendance.sheet import records_of
from portero_server.errors import NotFound
from portero_server.store.attendance.facts import facts_of
from portero_server.store.attendance.notices import tell
from portero_server.store.attendance.rows import group_of, record_columns, record_of, session_of
from portero_server.store.schema import (
    attendance_changes,
    attendance_groups,
    attendance_records,
    attendance_sessions,
)
from portero_server.store.sequencers import take_positions

_records = attendance_records.c


@dataclass(frozen=True, slots=True)
class DecidedSession:
    """A session that was decided: its records, and what changed."""

    session: AttendanceSession
    records: tuple[AttendanceRecord, ...]
    changes: tuple[RecordChange, ...]


async def held_session(connection: AsyncConnection, session_id: str) -> Any:
    """Returns the row of a session, held until the transaction ends. Raises NotFound."""
    query = select(attendance_sessions).where(attendance_sessions.c.session_id == session_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"attendanceSessions/{session_id}")
    return row


async def publish(
    connection: AsyncConnection,
    row: Any,
    now: datetime,
    *,
    consent_required: bool,
    notices: NoticeRules,
) -> DecidedSession:
    """Decides a session, stores its records, and what is to be told. The same facts leave everything as it is.

    One that was published, and is not over since it was moved, has no records until it is.

    Args:
        connection: Holds the session's row.
        row: The session.
        now: When it is decided.
        consent_required: Whether only people with a consent can be named.
        notices: When something is told of it.
    """
    decided = await write_records(connection, row, now, consent_required=consent_required)
    # Last, since other servers that publish wait for the positions of notices.
    await tell(connection, decided.session, decided.records, decided.changes, notices, now)
    return decided


async def write_records(
    connection: AsyncConnection,
    row: Any,
    now: datetime,
    *,
    consent_required: bool,
    cause: ChangeCause | None = None,
    reference: str = "",
) -> DecidedSession:
    """Decides a session and stores its records; the caller then tells what follows from the changes.

    Args:
        connection: Holds the session's row.
        row: The session.
        now: When it is decided.
        consent_required: Whether only people with a consent can be named.
        cause: What became known; None: as the row says, or that it is the first time.
        reference: Id of what became known.
    """
    session = session_of(row)
    group_row = select(attendance_groups).where(attendance_groups.c.group_id == session.group_id)
    group = group_of((await connection.execute(group_row)).one())
    facts = await facts_of(connection, session, group.rules, now, consent_required=consent_required)
    # What is decided for the first time is over; what was published, or corrected, may have been moved on since.
    ahead = session.span.end > now and (row.published_at is not None or cause is not None)
    after = () if ahead else records_of(facts)
    before = await _stored(connection, session.session_id)
    if cause is None:
        cause, reference = _cause(row)
    changes = changes_between(before, after, cause, now, reference)
    await _write(connection, session, changes, now)
    decided = {"decided_at": now, "published_at": row.published_at or now}
    if ahead:
        # It is due like one that was never decided.
        decided = {"decided_at": None, "published_at": None}
    own = update(attendance_sessions).where(attendance_sessions.c.session_id == session.session_id)
    await connection.execute(own.values(stale_at=None, stale_cause=None, stale_reference=None, **decided))
    return DecidedSession(session, after, changes)


def _cause(row: Any) -> tuple[ChangeCause, str]:
    if row.published_at is None or row.stale_cause is None:
        return ChangeCause.DECIDED, ""
    return ChangeCause(row.stale_cause), row.stale_reference or ""


async def _stored(connection: AsyncConnection, session_id: str) -> Sequence[AttendanceRecord]:
    # Those of people who were erased stay as they are.
    query = select(attendance_records).where(_records.session_id == session_id, _records.person_id.is_not(None))
    return [record_of(row) for row in await connection.execute(query)]


async def _write(
    connection: AsyncConnection, session: AttendanceSession, changes: Sequence[RecordChange], now: datetime
) -> None:
    if not changes:
        return
    people = [each.person_id for each in changes]
    own = (_records.session_id == session.session_id, _records.person_id.in_(people))
    await connection.execute(delete(attendance_records).where(*own))
    rows = [record_columns(each.after, session) | {"published_at": now} for each in changes if each.after is not None]
    if rows:
        await connection.execute(insert(attendance_records), rows)
    told = [_change_columns(each) for each in changes if each.of_status]
    if told:
        first = await take_positions(connection, "attendance_changes", len(told))
        placed = [columns | {"position": first + place} for place, columns in enumerate(told)]
        await connection.execute(insert(attendance_changes), placed)


def _change_columns(change: RecordChange) -> dict[str, Any]:
    return {
        "change_id": uuid4().hex,
        "session_id": change.session_id,
        "person_id": change.person_id,
        "old_status": None if change.before is None else change.before.status.value,
        "new_status": None if change.after is None else change.after.status.value,
        "cause": change.cause.value,
        "reference": change.reference,
        "changed_at": change.changed_at,
    }
