"""Check-ins: begun, captured, judged, decided, and told to watchers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.documents.check_in import (
    CheckIn,
    CheckInFailure,
    CheckInState,
    Decision,
    GuestStatus,
    Holder,
    Review,
    holder_of,
)
from portero_server.domain.documents.document import Field
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.store.check_in_filter import CheckInCursor, CheckInFilter, filtered, index_for
from portero_server.store.check_in_json import reading_of, reading_text, report_of, report_text
from portero_server.store.database import Database
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import along, cameras, check_ins, guests, unserved
from portero_server.store.sequencers import last_position, take_positions

_RUNNING = CheckInState.RUNNING.value


@dataclass(frozen=True, slots=True)
class BegunCheckIn:
    """A check-in that was asked for: whether it is new, and which check-ins it ended."""

    check_in: CheckIn
    fresh: bool
    superseded: Sequence[CheckIn] = ()


class CheckInStore:
    """Stores check-ins. Each change gives the row a new position, by which watchers find it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self,
        check_in: CheckIn,
        server: str = "",
        request_id: str | None = None,
        digest: str | None = None,
        *,
        replace: bool = False,
    ) -> BegunCheckIn:
        """Adds a running check-in; for a camera's stream one at a time, also of those begun at the same moment.

        Args:
            check_in: The new one.
            server: Which server works on its pictures; empty: it is for the camera's stream, and no server's yet.
            request_id: The same within a day returns the check-in of the first request.
            digest: What the request asks for, hashed; another one under the same request id is refused.
            replace: Whether one for a camera's stream ends what still runs at that camera, as SUPERSEDED.

        Raises:
            InvalidInput: The request id was used for another request.
            NotFound: The check-in of the first request was erased since; or there is no such camera.
            FailedPrecondition: Another one runs at the camera, and is not to be replaced.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> BegunCheckIn:
            if request_id is not None:
                first = await claim_request(connection, request_id, digest, check_in.check_in_id, now)
                if first is not None:
                    return BegunCheckIn(await _one(connection, first), fresh=False)
            superseded: Sequence[CheckIn] = ()
            if check_in.camera_id is not None and not server:
                superseded = await _room_made(connection, check_in.camera_id, now, replace=replace)
            row = {
                "check_in_id": check_in.check_in_id,
                "position": await take_positions(connection, "check_ins", 1),
                "camera_id": check_in.camera_id,
                "state": _RUNNING,
                "server": server,
                "created_at": check_in.created_at,
                "deadline_at": check_in.deadline_at,
                "liveness_session": check_in.liveness_session_id,
                "paid_calls": 0,
            }
            await connection.execute(insert(check_ins).values(row))
            return BegunCheckIn(await _one(connection, check_in.check_in_id), fresh=True, superseded=superseded)

        return await self._database.run(unit)

    async def get(self, check_in_id: str) -> CheckIn:
        """Returns a check-in by its id. Raises NotFound."""
        return await self._database.read(lambda connection: _one(connection, check_in_id))

    async def list(self, which: CheckInFilter, limit: int, after: CheckInCursor | None = None) -> Sequence[CheckIn]:
        """Returns at most `limit` check-ins, latest first, after a place in the list."""
        table = check_ins.c
        query = along(filtered(which), check_ins, index_for(which))
        if after is not None:
            tie = and_(table.created_at == after.created_at, table.check_in_id < after.check_in_id)
            query = query.where(table.created_at <= after.created_at, or_(table.created_at < after.created_at, tie))
        return await self._read(query.order_by(table.created_at.desc(), table.check_in_id.desc()).limit(limit))

    async def of_holder(self, holder: Holder, limit: int = 100) -> Sequence[CheckIn]:
        """Returns the check-ins of a holder, latest first."""
        table = check_ins.c
        own = table.run == holder.run if holder.run is not None else table.document_number == holder.document_number
        return await self._read(select(check_ins).where(own).order_by(table.created_at.desc()).limit(limit))

    async def finish(self, ended: CheckIn) -> CheckIn | None:
        """Stores the report of a check-in, and that its guest has come if the holder is admitted.

        Returns:
            The check-in as stored; None if it ran no more, or was erased: then nothing is stored.
        """
        assert ended.report is not None and ended.reading is not None, "a finished check-in has both"  # noqa: S101, PT018
        holder = holder_of(ended.reading)
        values = {
            "state": CheckInState.FINISHED.value,
            "result": ended.report.result.value,
            "server": "",
            "finished_at": ended.finished_at,
            "run": None if holder is None else holder.run,
            "document_number": ended.reading.value(Field.DOCUMENT_NUMBER),
            "reading": reading_text(ended.reading),
            "report": report_text(ended.report, ended.face, ended.liveness, ended.liveness_result),
            "paid_calls": ended.paid_calls,
            "guest_id": ended.guest_id,
            "guest_status": None if ended.guest_status is None else ended.guest_status.value,
            "earlier_id": ended.earlier_id,
        }

        async def unit(connection: AsyncConnection) -> CheckIn | None:
            own = and_(check_ins.c.check_in_id == ended.check_in_id, check_ins.c.state == _RUNNING)
            if not (await connection.execute(update(check_ins).where(own).values(values))).rowcount:
                return None
            if ended.admitted:
                await _guest_came(connection, ended)
            return await _moved(connection, ended.check_in_id)

        return await self._database.run(unit)

    async def fail(self, check_in_id: str, failure: CheckInFailure, *, paid_calls: int = 0) -> CheckIn | None:
        """Ends a check-in without a report.

        Returns:
            The check-in as stored; None if it ran no more, or was erased.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> CheckIn | None:
            own = and_(check_ins.c.check_in_id == check_in_id, check_ins.c.state == _RUNNING)
            failed = await _fail_each(connection, own, failure, now, paid_calls)
            return failed[0] if failed else None

        return await self._database.run(unit)

    async def fail_overdue(self, before: datetime) -> Sequence[CheckIn]:
        """Ends the check-ins whose deadline passed before a time: nobody captures them any more."""
        now = self._clock.now()
        late = and_(check_ins.c.state == _RUNNING, check_ins.c.deadline_at < before)

        async def unit(connection: AsyncConnection) -> Sequence[CheckIn]:
            # No server has had the camera's stream, or the one that captured it is gone.
            waited = await _fail_each(connection, and_(late, check_ins.c.server == ""), CheckInFailure.TIMED_OUT, now)
            return [*waited, *await _fail_each(connection, late, CheckInFailure.INTERRUPTED, now)]

        return await self._database.run(unit)

    async def fail_of_server(self, server: str) -> Sequence[CheckIn]:
        """Ends what a server captures, which is going away."""
        now = self._clock.now()
        own = and_(check_ins.c.state == _RUNNING, check_ins.c.server == server)
        return await self._database.run(lambda connection: _fail_each(connection, own, CheckInFailure.INTERRUPTED, now))

    async def running(self) -> Sequence[tuple[CheckIn, str]]:
        """Returns the check-ins that run, and the server that captures each; empty: none yet."""
        query = select(check_ins).where(check_ins.c.state == _RUNNING).order_by(check_ins.c.deadline_at)

        async def unit(connection: AsyncConnection) -> Sequence[tuple[CheckIn, str]]:
            return [(_check_in(row), row.server) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def claim(self, check_in_id: str, server: str) -> bool:
        """Records which server captures a check-in. Returns False if another one does, or it runs no more."""
        free = (check_ins.c.check_in_id == check_in_id, check_ins.c.state == _RUNNING, check_ins.c.server == "")

        async def unit(connection: AsyncConnection) -> bool:
            return bool((await connection.execute(update(check_ins).where(*free).values(server=server))).rowcount)

        return await self._database.run(unit)

    async def liveness_begun(self, check_in_id: str, session_id: str) -> CheckIn:
        """Stores the liveness session of a check-in that waits for one, and that it was paid for.

        Returns:
            The check-in as stored; unchanged if it ran no more, or had its session already.

        Raises:
            NotFound: It was erased.
        """
        table = check_ins.c
        waits = (table.check_in_id == check_in_id, table.state == _RUNNING, table.liveness_session == "")
        values = {"liveness_session": session_id, "paid_calls": table.paid_calls + 1}

        async def unit(connection: AsyncConnection) -> CheckIn:
            if not (await connection.execute(update(check_ins).where(*waits).values(values))).rowcount:
                return await _one(connection, check_in_id)
            return await _moved(connection, check_in_id)

        return await self._database.run(unit)

    async def decide(self, check_in_id: str, review: Review) -> CheckIn:
        """Stores a person's decision, in the place of an earlier one, and whether the guest has come.

        Raises:
            NotFound: There is no such check-in.
            FailedPrecondition: It has no report.
        """
        values = {
            "decision": review.decision.value,
            "decided_at": review.at,
            "decided_by": review.by,
            "decision_reason": review.reason,
        }

        async def unit(connection: AsyncConnection) -> CheckIn:
            own = check_ins.c.check_in_id == check_in_id
            found = await _one(connection, check_in_id, lock=True)
            if found.state is not CheckInState.FINISHED:
                raise FailedPrecondition(
                    f"checkIns/{check_in_id} has no report to decide about; begin a new one", reason="NOT_FINISHED"
                )
            await connection.execute(update(check_ins).where(own).values(values))
            if review.decision is Decision.ACCEPTED:
                await _guest_came(connection, found)
            else:
                came = guests.c.check_in_id == check_in_id
                await connection.execute(update(guests).where(came).values(check_in_id=None))
            return await _moved(connection, check_in_id)

        return await self._database.run(unit)

    async def changes_after(
        self, position: int, camera_id: str | None, limit: int, within: frozenset[str] | None = None
    ) -> Sequence[CheckIn]:
        """Returns check-ins that changed after a position, as they are now, in the order of their latest change."""
        table = check_ins.c
        query = select(check_ins).where(table.position > position).order_by(table.position).limit(limit)
        # Changes of one camera are few among all that follow a position, which are few among all of that camera.
        if camera_id is not None:
            query = query.where(unserved(table.camera_id) == camera_id)
        if within is not None:
            query = query.where(unserved(table.camera_id).in_(within))
        return await self._read(along(query, check_ins, "uq_check_ins_position"))

    async def last_position(self) -> int:
        """Returns the position of the last change, or 0 if there is none."""
        return await self._database.read(lambda connection: last_position(connection, "check_ins"))

    async def _read(self, query: Select[Any]) -> Sequence[CheckIn]:
        async def unit(connection: AsyncConnection) -> Sequence[CheckIn]:
            return [_check_in(row) for row in await connection.execute(query)]

        return await self._database.read(unit)


async def _one(connection: AsyncConnection, check_in_id: str, *, lock: bool = False) -> CheckIn:
    query = select(check_ins).where(check_ins.c.check_in_id == check_in_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound(f"checkIns/{check_in_id}")
    return _check_in(row)


async def _moved(connection: AsyncConnection, check_in_id: str) -> CheckIn:
    """Moves a changed row to a new position, last of all, and returns it."""
    position = await take_positions(connection, "check_ins", 1)
    own = check_ins.c.check_in_id == check_in_id
    await connection.execute(update(check_ins).where(own).values(position=position))
    return await _one(connection, check_in_id)


async def _fail_each(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    failure: CheckInFailure,
    now: datetime,
    paid_calls: int = 0,
) -> list[CheckIn]:
    found = list(await connection.scalars(select(check_ins.c.check_in_id).where(which).with_for_update()))
    values = {
        "state": CheckInState.FAILED.value,
        "failure": failure.value,
        "finished_at": now,
        "server": "",
        "paid_calls": check_ins.c.paid_calls + paid_calls,
    }
    if found:
        await connection.execute(update(check_ins).where(check_ins.c.check_in_id.in_(found)).values(values))
    return [await _moved(connection, check_in_id) for check_in_id in found]


async def _room_made(connection: AsyncConnection, camera_id: str, now: datetime, *, replace: bool) -> Sequence[CheckIn]:
    """Ends what runs at a camera if that may be, and returns it; whose time is over may always be ended.

    Raises:
        NotFound: There is no such camera.
        FailedPrecondition: One runs that is not to be replaced.
    """
    # Of two that begin at once, the second waits here for the first. Otherwise neither would see the other.
    camera = select(cameras.c.camera_id).where(cameras.c.camera_id == camera_id).with_for_update()
    if (await connection.execute(camera)).one_or_none() is None:
        raise NotFound(f"cameras/{camera_id}")
    # Few run anywhere; of one camera there may be all that were ever made.
    own = and_(check_ins.c.state == _RUNNING, unserved(check_ins.c.camera_id) == camera_id)
    query = along(select(check_ins.c.check_in_id, check_ins.c.deadline_at).where(own), check_ins, "ix_check_ins_state")
    running = (await connection.execute(query)).all()
    found = next((row.check_in_id for row in running if row.deadline_at > now), None)
    if found is not None and not replace:
        raise FailedPrecondition(
            f"checkIns/{found} runs at cameras/{camera_id}: wait until it has ended, cancel it, or ask to replace it",
            reason="CHECK_IN_RUNNING",
        )
    ended: list[CheckIn] = []
    for row in running:
        still = and_(check_ins.c.check_in_id == row.check_in_id, check_ins.c.state == _RUNNING)
        ended += await _fail_each(connection, still, CheckInFailure.SUPERSEDED, now)
    return ended


async def _guest_came(connection: AsyncConnection, check_in: CheckIn) -> None:
    if check_in.guest_id is not None:
        # Whoever came first stays: two check-ins of one guest are told apart by their ids.
        free = and_(guests.c.guest_id == check_in.guest_id, guests.c.check_in_id.is_(None))
        await connection.execute(update(guests).where(free).values(check_in_id=check_in.check_in_id))


def _check_in(row: Any) -> CheckIn:
    told = None if row.report is None else report_of(row.result, row.report)
    decided = None
    if row.decision is not None:
        decided = Review(Decision(row.decision), row.decision_reason, row.decided_by, row.decided_at)
    return CheckIn(
        check_in_id=row.check_in_id,
        camera_id=row.camera_id,
        state=CheckInState(row.state),
        created_at=row.created_at,
        deadline_at=row.deadline_at,
        finished_at=row.finished_at,
        failure=None if row.failure is None else CheckInFailure(row.failure),
        reading=None if row.reading is None else reading_of(row.reading),
        report=None if told is None else told.report,
        face=None if told is None else told.face,
        liveness=None if told is None else told.liveness,
        liveness_session_id=row.liveness_session,
        liveness_result=None if told is None else told.liveness_result,
        paid_calls=row.paid_calls,
        guest_id=row.guest_id,
        guest_status=None if row.guest_status is None else GuestStatus(row.guest_status),
        earlier_id=row.earlier_id,
        review=decided,
        position=row.position,
    )
