"""Implements AttendanceService: who attended a session, and what people say of it."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from portero.v1 import attendance_service_pb2 as pb
from portero.v1 import attendance_service_pb2_grpc

from portero_server.clock import Clock
from portero_server.domain.access.identities import Scope
from portero_server.domain.attendance.record import AttendanceCorrection, Excuse
from portero_server.domain.people.people import checked_request_id
from portero_server.errors import InvalidInput
from portero_server.rpc.attendance_convert import (
    change_to_proto,
    correction_to_proto,
    excuse_to_proto,
    record_to_proto,
    session_to_proto,
    span_from_proto,
    status_from_proto,
    totals_to_proto,
    watched_to_proto,
)
from portero_server.rpc.attendance_group_convert import checked_text
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import time_from_proto, time_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context, content_digest
from portero_server.rpc.resource_names import (
    parse_correction,
    parse_excuse,
    parse_group,
    parse_person,
    parse_session,
)
from portero_server.store.attendance.records import AttendanceRecordStore, RecordCursor, RecordFilter, StatusChange
from portero_server.store.attendance.remarks import RemarkStore
from portero_server.store.attendance.sessions import AttendanceSessionStore, SessionCursor, SessionFilter
from portero_server.watching.watch import Watch, Watcher


class AttendanceServicer(attendance_service_pb2_grpc.AttendanceServiceServicer):
    """Reads sessions and records, corrects them, and excuses people."""

    def __init__(
        self,
        sessions: AttendanceSessionStore,
        records: AttendanceRecordStore,
        remarks: RemarkStore,
        scope: AttendanceScope,
        watch: Watch[StatusChange],
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._records = records
        self._remarks = remarks
        self._scope = scope
        self._watch = watch
        self._clock = clock

    async def ListAttendanceSessions(
        self, request: pb.ListAttendanceSessionsRequest, context: Context
    ) -> pb.ListAttendanceSessionsResponse:
        """Lists sessions."""
        size, (start, end) = checked_page_size(request.page_size), _bounds(request)
        group_id = parse_group(request.group, "group") if request.group else None
        if group_id is not None:
            await self._scope.require_group(group_id)
        which = SessionFilter(group_id, start, end, self._scope.current)
        listing = Listing("attendanceSessions", (request.group, str(start), str(end)))
        cursor = listing.cursor(request.page_token, parts=2)
        after = None if cursor is None else SessionCursor(_moment(cursor[0]), cursor[1])
        page, last = cut(await self._sessions.list(which, size + 1, after), size)
        token = "" if last is None else listing.token([_text(last.session.span.start), last.session.session_id])
        return pb.ListAttendanceSessionsResponse(
            sessions=[session_to_proto(each) for each in page], next_page_token=token
        )

    async def ListAttendanceRecords(
        self, request: pb.ListAttendanceRecordsRequest, context: Context
    ) -> pb.ListAttendanceRecordsResponse:
        """Lists records."""
        size, (start, end) = checked_page_size(request.page_size), _bounds(request)
        _one_of(request, "session", "person", "group")
        session_id = parse_session(request.session, "session") if request.session else None
        which = replace(await self._whose(request), session_id=session_id, start=start, end=end)
        conditions = request.session, request.person, request.group, str(start), str(end)
        listing = Listing("attendanceRecords", conditions)
        cursor = listing.cursor(request.page_token, parts=3)
        after = None if cursor is None else RecordCursor(_moment(cursor[0]), cursor[1], cursor[2])
        page, last = cut(await self._records.list(which, size + 1, after), size)
        place = None if last is None else [_text(last.starts_at), last.record.session_id, last.record_id]
        return pb.ListAttendanceRecordsResponse(
            records=[record_to_proto(each) for each in page], next_page_token=listing.token(place) if place else ""
        )

    async def ListAttendanceChanges(
        self, request: pb.ListAttendanceChangesRequest, context: Context
    ) -> pb.ListAttendanceChangesResponse:
        """Lists changes of published statuses."""
        size = checked_page_size(request.page_size)
        _one_of(request, "session", "person")
        session_id = parse_session(request.session, "session") if request.session else None
        person_id = parse_person(request.person, "person") if request.person else None
        if person_id is not None:
            self._scope.require_person(person_id)
        listing = Listing("attendanceChanges", (request.session, request.person))
        cursor = listing.cursor(request.page_token, parts=2)
        after = None if cursor is None else (_moment(cursor[0]), cursor[1])
        scope = self._scope.current
        page, last = cut(await self._records.changes(session_id, person_id, size + 1, after, within=scope), size)
        # What became known may be of somebody else, as a sighting that turned out to be another's.
        changes = page if scope.everything else [replace(each, reference="") for each in page]
        return pb.ListAttendanceChangesResponse(
            changes=[change_to_proto(each) for each in changes],
            next_page_token=listing.token([_text(last.changed_at), last.change_id]) if last else "",
        )

    async def WatchAttendance(
        self, request: pb.WatchAttendanceRequest, context: Context
    ) -> AsyncIterator[pb.WatchAttendanceResponse]:
        """Streams changes of published statuses after a position: first stored ones, then new ones."""
        after = request.after_position if request.HasField("after_position") else None
        group_id = parse_group(request.group, "group") if request.group else None
        person_id = parse_person(request.person, "person") if request.person else None
        if group_id is not None:
            await self._scope.require_group(group_id)
        if person_id is not None:
            self._scope.require_person(person_id)
        caller = current_caller()
        wanted = _wanted(caller.authorized.scope, group_id, person_id)
        watcher = Watcher(caller.identity.subject, caller.identity.scope.key)
        async with aclosing(self._watch.watch(after, None, None, watcher, wanted)) as watched:
            async for news in watched:
                yield watched_to_proto(news, whole=caller.authorized.scope.everything)

    async def GetAttendanceReport(
        self, request: pb.GetAttendanceReportRequest, context: Context
    ) -> pb.GetAttendanceReportResponse:
        """Returns what records add up to."""
        _one_of(request, "person", "group")
        start, end = _bounds(request)
        which = replace(await self._whose(request), start=start, end=end)
        totals = await self._records.totals(which)
        return pb.GetAttendanceReportResponse(
            totals=[totals_to_proto(each) for each in totals], report_time=time_to_proto(self._clock.now())
        )

    async def CorrectAttendance(
        self, request: pb.CorrectAttendanceRequest, context: Context
    ) -> pb.CorrectAttendanceResponse:
        """Says how somebody attended."""
        asked = checked_request_id(request.request_id)
        said = AttendanceCorrection(
            correction_id=uuid4().hex,
            session_id=parse_session(request.session, "session"),
            person_id=parse_person(request.person, "person"),
            status=status_from_proto(request.status, "status"),
            reason=checked_text(request.reason, "reason"),
            corrected_by=current_caller().identity.subject,
            corrected_at=self._clock.now(),
        )
        await self._scope.require_session(said.session_id)
        digest = None if asked is None else content_digest("CorrectAttendance", request)
        corrected = await self._remarks.correct(said, asked, digest)
        return pb.CorrectAttendanceResponse(correction=correction_to_proto(corrected.correction))

    async def WithdrawAttendanceCorrection(
        self, request: pb.WithdrawAttendanceCorrectionRequest, context: Context
    ) -> pb.WithdrawAttendanceCorrectionResponse:
        """Takes a correction back."""
        subject, correction_id = current_caller().identity.subject, parse_correction(request.name, "name")
        await self._scope.require_correction(correction_id)
        withdrawn = await self._remarks.withdraw(correction_id, subject)
        return pb.WithdrawAttendanceCorrectionResponse(correction=correction_to_proto(withdrawn.correction))

    async def ListAttendanceCorrections(
        self, request: pb.ListAttendanceCorrectionsRequest, context: Context
    ) -> pb.ListAttendanceCorrectionsResponse:
        """Lists the corrections of a session."""
        session_id = parse_session(request.session, "session")
        await self._scope.require_session(session_id)
        found = await self._remarks.corrections(session_id)
        return pb.ListAttendanceCorrectionsResponse(corrections=[correction_to_proto(each) for each in found])

    async def ExcuseAttendance(
        self, request: pb.ExcuseAttendanceRequest, context: Context
    ) -> pb.ExcuseAttendanceResponse:
        """Excuses somebody for a time."""
        asked = checked_request_id(request.request_id)
        said = Excuse(
            parse_person(request.person, "person"),
            span_from_proto(request.start_time, request.end_time),
            checked_text(request.reason, "reason"),
        )
        digest = None if asked is None else content_digest("ExcuseAttendance", request)
        kept = await self._remarks.excuse(said, current_caller().identity.subject, asked, digest)
        return pb.ExcuseAttendanceResponse(excuse=excuse_to_proto(kept))

    async def WithdrawAttendanceExcuse(
        self, request: pb.WithdrawAttendanceExcuseRequest, context: Context
    ) -> pb.WithdrawAttendanceExcuseResponse:
        """Takes an excuse back."""
        kept = await self._remarks.withdraw_excuse(parse_excuse(request.name, "name"))
        return pb.WithdrawAttendanceExcuseResponse(excuse=excuse_to_proto(kept))

    async def ListAttendanceExcuses(
        self, request: pb.ListAttendanceExcusesRequest, context: Context
    ) -> pb.ListAttendanceExcusesResponse:
        """Lists the excuses of a person."""
        size = checked_page_size(request.page_size)
        listing = Listing("attendanceExcuses", (request.person,))
        cursor = listing.cursor(request.page_token, parts=1)
        person_id = parse_person(request.person, "person")
        self._scope.require_person(person_id)
        page, last = cut(await self._remarks.excuses(person_id, size + 1, cursor[0] if cursor else None), size)
        return pb.ListAttendanceExcusesResponse(
            excuses=[excuse_to_proto(each) for each in page],
            next_page_token=listing.token([last.excuse_id]) if last else "",
        )

    async def _whose(self, request: pb.ListAttendanceRecordsRequest | pb.GetAttendanceReportRequest) -> RecordFilter:
        """Returns whose records are asked for, of those that the caller may see. Raises PermissionDenied."""
        person_id = parse_person(request.person, "person") if request.person else None
        group_id = parse_group(request.group, "group") if request.group else None
        if person_id is not None:
            self._scope.require_person(person_id)
        if group_id is not None:
            await self._scope.require_group(group_id)
        return RecordFilter(person_id=person_id, group_id=group_id, within=self._scope.current)


def _wanted(scope: Scope, group_id: str | None, person_id: str | None) -> Callable[[StatusChange], bool]:
    """Returns whether a change is of a group and a person that are asked for, and within a scope."""

    def wanted(change: StatusChange) -> bool:
        within = scope.everything or change.group_id in scope.groups or change.person_id in scope.people
        return within and group_id in (None, change.group_id) and person_id in (None, change.person_id)

    return wanted


def _bounds(
    request: pb.ListAttendanceSessionsRequest | pb.ListAttendanceRecordsRequest | pb.GetAttendanceReportRequest,
) -> tuple[datetime | None, datetime | None]:
    start = time_from_proto(request.start_time, "start_time") if request.HasField("start_time") else None
    end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
    return start, end


def _one_of(request: Any, *names: str) -> None:
    if not any(getattr(request, name) for name in names):
        raise InvalidInput(names[0], f"one of {', '.join(names)} must be set")


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise malformed_token()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed_token() from None
