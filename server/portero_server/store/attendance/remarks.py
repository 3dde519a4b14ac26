"""What people say of attendance: corrections, which outrank cameras and rules, and excuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.changes import ChangeCause, RecordChange, united_changes
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceCorrection, AttendanceRecord, Excuse
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.attendance.notices import tell
from portero_server.store.attendance.publishing import held_session, write_records
from portero_server.store.attendance.rows import correction_columns, correction_of, excuse_of, record_of
from portero_server.store.attendance.stale import mark_person
from portero_server.store.database import Database
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import attendance_corrections, attendance_excuses, attendance_records, people


@dataclass(frozen=True, slots=True)
class KeptExcuse:
    """An excuse as it is stored; `withdrawn_at`: when it was taken back, None: it holds."""

    excuse_id: str
    excuse: Excuse
    excused_by: str
    excused_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction, and the record as it is with it; None: the session does not expect the person."""

    correction: AttendanceCorrection
    record: AttendanceRecord | None


class RemarkStore:
    """Stores corrections and excuses."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        open_for: timedelta,
        consent_required: bool = False,
        notices: NoticeRules | None = None,
    ) -> None:
        """As `AttendanceSessionStore`."""
        self._database = database
        self._clock = clock
        self._open_for = open_for
        self._consent_required = consent_required
        self._notices = notices or NoticeRules()

    async def correct(
        self, said: AttendanceCorrection, request_id: str | None = None, digest: str | None = None
    ) -> Corrected:
        """Stores a correction, and decides its session with it in the same transaction.

        Args:
            said: A new correction.
            request_id: The same within a day returns the correction of the first request.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
            NotFound: There is no such session, or it does not expect such a person.
            FailedPrecondition: The session is not over, or closed.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Corrected:
            if request_id is not None:
                first = await claim_request(connection, request_id, digest, said.correction_id, now)
                if first is not None:
                    return await _as_stored(connection, first)
            row = await held_session(connection, said.session_id)
            self._refuse_closed(row.ends_at, row.session_id, now)
            if row.ends_at > now:
                raise FailedPrecondition(
                    f"attendanceSessions/{said.session_id} is not over; correct it then", reason="SESSION_NOT_OVER"
                )
            if not await _known(connection, said.person_id):
                # As of somebody whom the session does not expect: a teacher does not learn who else is in the gallery.
                raise _not_expected(said)
            before = await self._bring_up_to_date(connection, row, now)
            await connection.execute(insert(attendance_corrections).values(dict(correction_columns(said))))
            corrected = await self._published(connection, said, before, now)
            if corrected.record is None:
                # The transaction takes the correction back.
                raise _not_expected(said)
            return corrected

        return await self._database.run(unit)

    async def withdraw(self, correction_id: str, subject: str) -> Corrected:
        """Takes a correction back; the session is decided without it. One that was taken back stays so.

        Raises:
            NotFound: There is no such correction.
            FailedPrecondition: The session is closed.
        """
        now, own = self._clock.now(), attendance_corrections.c.correction_id == correction_id

        async def unit(connection: AsyncConnection) -> Corrected:
            correction = await _correction(connection, correction_id)
            row = await held_session(connection, correction.session_id)
            self._refuse_closed(row.ends_at, row.session_id, now)
            before = await self._bring_up_to_date(connection, row, now)
            holds = update(attendance_corrections).where(own, attendance_corrections.c.withdrawn_at.is_(None))
            await connection.execute(holds.values(withdrawn_at=now, withdrawn_by=subject))
            return await self._published(connection, await _correction(connection, correction_id), before, now)

        return await self._database.run(unit)

    async def corrections(self, session_id: str) -> Sequence[AttendanceCorrection]:
        """Returns the corrections of a session, oldest first, with those that were taken back."""
        table = attendance_corrections.c
        query = select(attendance_corrections).where(table.session_id == session_id)
        query = query.order_by(table.corrected_at, table.correction_id)

        async def unit(connection: AsyncConnection) -> Sequence[AttendanceCorrection]:
            return [correction_of(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def excuse(
        self, said: Excuse, subject: str, request_id: str | None = None, digest: str | None = None
    ) -> KeptExcuse:
        """Stores an excuse, and has the person's sessions in that time decided anew.

        Args:
            said: Whom, when and why.
            subject: Who says so.
            request_id: The same within a day returns the excuse of the first request.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
            NotFound: There is no such person.
        """
        now, excuse_id = self._clock.now(), uuid4().hex

        async def unit(connection: AsyncConnection) -> KeptExcuse:
            if request_id is not None:
                first = await claim_request(connection, request_id, digest, excuse_id, now)
                if first is not None:
                    return await _excuse(connection, first)
            if not await _known(connection, said.person_id):
                raise NotFound(f"people/{said.person_id}")
            row = {
                "excuse_id": excuse_id,
                "person_id": said.person_id,
                "starts_at": said.span.start,
                "ends_at": said.span.end,
                "reason": said.reason,
                "excused_by": subject,
                "excused_at": now,
            }
            await connection.execute(insert(attendance_excuses).values(row))
            await mark_person(connection, said.person_id, said.span, ChangeCause.EXCUSE, excuse_id, now)
            return KeptExcuse(excuse_id, said, subject, now)

        return await self._database.run(unit)

    async def withdraw_excuse(self, excuse_id: str) -> KeptExcuse:
        """Takes an excuse back; the person's sessions in that time are decided anew. Raises NotFound."""
        now, table = self._clock.now(), attendance_excuses.c

        async def unit(connection: AsyncConnection) -> KeptExcuse:
            kept = await _excuse(connection, excuse_id)
            if kept.withdrawn_at is None:
                own = update(attendance_excuses).where(table.excuse_id == excuse_id)
                await connection.execute(own.values(withdrawn_at=now))
                said = kept.excuse
                await mark_person(connection, said.person_id, said.span, ChangeCause.EXCUSE, excuse_id, now)
            return await _excuse(connection, excuse_id)

        return await self._database.run(unit)

    async def excuses(self, person_id: str, limit: int, after_id: str | None = None) -> Sequence[KeptExcuse]:
        """Returns the excuses of a person by id, with those that were taken back: at most `limit` after `after_id`."""
        table = attendance_excuses.c
        query = select(attendance_excuses).where(table.person_id == person_id).order_by(table.excuse_id).limit(limit)
        if after_id is not None:
            query = query.where(table.excuse_id > after_id)

        async def unit(connection: AsyncConnection) -> Sequence[KeptExcuse]:
            return [_kept(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def _bring_up_to_date(self, connection: AsyncConnection, row: Any, now: datetime) -> Sequence[RecordChange]:
        """Decides a session by what came before the correction, which is not the cause of that.

        Returns:
            What changed, and is not told yet: it may hold no longer than until the correction.
        """
        if row.published_at is not None and row.stale_at is None:
            return ()
        return (await write_records(connection, row, now, consent_required=self._consent_required)).changes

    async def _published(
        self,
        connection: AsyncConnection,
        correction: AttendanceCorrection,
        before: Sequence[RecordChange],
        now: datetime,
    ) -> Corrected:
        """Decides the session with a correction, or without it, and tells what changed since it was published last."""
        row = await held_session(connection, correction.session_id)
        decided = await write_records(
            connection,
            row,
            now,
            consent_required=self._consent_required,
            cause=ChangeCause.CORRECTION,
            reference=correction.correction_id,
        )
        changes = united_changes(before, decided.changes)
        await tell(connection, decided.session, decided.records, changes, self._notices, now)
        theirs = [each for each in decided.records if each.person_id == correction.person_id]
        return Corrected(correction, theirs[0] if theirs else None)

    def _refuse_closed(self, ends_at: datetime, session_id: str, now: datetime) -> None:
        if ends_at < now - self._open_for:
            raise FailedPrecondition(
                f"attendanceSessions/{session_id} ended more than {self._open_for.days} days ago, and is closed",
                reason="SESSION_CLOSED",
            )


async def _known(connection: AsyncConnection, person_id: str) -> bool:
    # Held, so that an erasure that begins meanwhile finds the row that names the person.
    query = select(people.c.person_id).where(people.c.person_id == person_id).with_for_update(read=True)
    return (await connection.execute(query)).first() is not None


def _not_expected(said: AttendanceCorrection) -> NotFound:
    return NotFound(f"attendanceSessions/{said.session_id}/people/{said.person_id}")


async def _as_stored(connection: AsyncConnection, correction_id: str) -> Corrected:
    """Returns a correction, and the person's record as it is published."""
    correction, table = await _correction(connection, correction_id), attendance_records.c
    query = select(attendance_records).where(
        table.session_id == correction.session_id, table.person_id == correction.person_id
    )
    row = (await connection.execute(query)).one_or_none()
    return Corrected(correction, None if row is None else record_of(row))


async def _correction(connection: AsyncConnection, correction_id: str) -> AttendanceCorrection:
    query = select(attendance_corrections).where(attendance_corrections.c.correction_id == correction_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"attendanceCorrections/{correction_id}")
    return correction_of(row)


async def _excuse(connection: AsyncConnection, excuse_id: str) -> KeptExcuse:
    query = select(attendance_excuses).where(attendance_excuses.c.excuse_id == excuse_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"attendanceExcuses/{excuse_id}")
    return _kept(row)


def _kept(row: Any) -> KeptExcuse:
    return KeptExcuse(row.excuse_id, excuse_of(row), row.excused_by, row.excused_at, row.withdrawn_at)
