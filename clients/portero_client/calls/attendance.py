"""The calls of AttendanceService."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import attendance_service_pb2 as pb2

from portero_client import attendance_convert as convert
from portero_client.attendance import (
    AttendanceChange,
    AttendanceCorrection,
    AttendanceExcuse,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceStatus,
)
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.convert import time_to
from portero_client.names import (
    ATTENDANCE_CORRECTIONS,
    ATTENDANCE_EXCUSES,
    ATTENDANCE_GROUPS,
    ATTENDANCE_SESSIONS,
    PEOPLE,
    Collection,
)

_SERVICE = "/portero.v1.AttendanceService/"
WATCH_METHOD = _SERVICE + "WatchAttendance"


def session_pages(group: str, start: datetime | None, end: datetime | None) -> PageCall[AttendanceSession]:
    """Lists sessions."""

    def page(page_size: int, page_token: str) -> Call[Page[AttendanceSession]]:
        return unary(
            _SERVICE + "ListAttendanceSessions",
            pb2.ListAttendanceSessionsRequest(
                page_size=page_size,
                page_token=page_token,
                group=_name(ATTENDANCE_GROUPS, group),
                start_time=_stamp(start),
                end_time=_stamp(end),
            ),
            pb2.ListAttendanceSessionsResponse,
            lambda answer: Page(tuple(map(convert.session_from, answer.sessions)), answer.next_page_token),
        )

    return page


def record_pages(
    session: str, person: str, group: str, start: datetime | None, end: datetime | None
) -> PageCall[AttendanceRecord]:
    """Lists records."""

    def page(page_size: int, page_token: str) -> Call[Page[AttendanceRecord]]:
        return unary(
            _SERVICE + "ListAttendanceRecords",
            pb2.ListAttendanceRecordsRequest(
                page_size=page_size,
                page_token=page_token,
                session=_name(ATTENDANCE_SESSIONS, session),
                person=_name(PEOPLE, person),
                group=_name(ATTENDANCE_GROUPS, group),
                start_time=_stamp(start),
                end_time=_stamp(end),
            ),
            pb2.ListAttendanceRecordsResponse,
            lambda answer: Page(tuple(map(convert.record_from, answer.records)), answer.next_page_token),
        )

    return page


def change_pages(session: str, person: str) -> PageCall[AttendanceChange]:
    """Lists changes of published statuses."""

    def page(page_size: int, page_token: str) -> Call[Page[AttendanceChange]]:
        return unary(
            _SERVICE + "ListAttendanceChanges",
            pb2.ListAttendanceChangesRequest(
                page_size=page_size,
                page_token=page_token,
                session=_name(ATTENDANCE_SESSIONS, session),
                person=_name(PEOPLE, person),
            ),
            pb2.ListAttendanceChangesResponse,
            lambda answer: Page(tuple(map(convert.change_from, answer.changes)), answer.next_page_token),
        )

    return page


def watch_request(after: int | None, group: str = "", person: str = "") -> pb2.WatchAttendanceRequest:
    """Returns the request for what changed after a position; None means from now on, 0 from the beginning."""
    return pb2.WatchAttendanceRequest(
        after_position=after,
        group=ATTENDANCE_GROUPS.name(group) if group else "",
        person=PEOPLE.name(person) if person else "",
    )


def report(person: str, group: str, start: datetime | None, end: datetime | None) -> Call[AttendanceReport]:
    """Returns what records add up to."""
    return unary(
        _SERVICE + "GetAttendanceReport",
        pb2.GetAttendanceReportRequest(
            person=_name(PEOPLE, person),
            group=_name(ATTENDANCE_GROUPS, group),
            start_time=_stamp(start),
            end_time=_stamp(end),
        ),
        pb2.GetAttendanceReportResponse,
        convert.report_from,
    )


def correct(session: str, person: str, status: AttendanceStatus, reason: str) -> Call[AttendanceCorrection]:
    """Says how somebody attended."""
    return unary(
        _SERVICE + "CorrectAttendance",
        pb2.CorrectAttendanceRequest(
            session=ATTENDANCE_SESSIONS.name(session),
            person=PEOPLE.name(person),
            status=convert.status_to(status),
            reason=reason,
            request_id=str(uuid4()),
        ),
        pb2.CorrectAttendanceResponse,
        lambda answer: convert.correction_from(answer.correction),
    )


def withdraw_correction(correction: str) -> Call[AttendanceCorrection]:
    """Takes a correction back."""
    return unary(
        _SERVICE + "WithdrawAttendanceCorrection",
        pb2.WithdrawAttendanceCorrectionRequest(name=ATTENDANCE_CORRECTIONS.name(correction)),
        pb2.WithdrawAttendanceCorrectionResponse,
        lambda answer: convert.correction_from(answer.correction),
    )


def corrections(session: str) -> Call[tuple[AttendanceCorrection, ...]]:
    """Returns the corrections of a session."""
    return unary(
        _SERVICE + "ListAttendanceCorrections",
        pb2.ListAttendanceCorrectionsRequest(session=ATTENDANCE_SESSIONS.name(session)),
        pb2.ListAttendanceCorrectionsResponse,
        lambda answer: tuple(map(convert.correction_from, answer.corrections)),
    )


def excuse(person: str, start: datetime, end: datetime, reason: str) -> Call[AttendanceExcuse]:
    """Excuses somebody for a time."""
    return unary(
        _SERVICE + "ExcuseAttendance",
        pb2.ExcuseAttendanceRequest(
            person=PEOPLE.name(person),
            start_time=time_to(start),
            end_time=time_to(end),
            reason=reason,
            request_id=str(uuid4()),
        ),
        pb2.ExcuseAttendanceResponse,
        lambda answer: convert.excuse_from(answer.excuse),
    )


def withdraw_excuse(excuse: str) -> Call[AttendanceExcuse]:
    """Takes an excuse back."""
    return unary(
        _SERVICE + "WithdrawAttendanceExcuse",
        pb2.WithdrawAttendanceExcuseRequest(name=ATTENDANCE_EXCUSES.name(excuse)),
        pb2.WithdrawAttendanceExcuseResponse,
        lambda answer: convert.excuse_from(answer.excuse),
    )


def excuse_pages(person: str) -> PageCall[AttendanceExcuse]:
    """Lists the excuses of a person."""

    def page(page_size: int, page_token: str) -> Call[Page[AttendanceExcuse]]:
        return unary(
            _SERVICE + "ListAttendanceExcuses",
            pb2.ListAttendanceExcusesRequest(person=PEOPLE.name(person), page_size=page_size, page_token=page_token),
            pb2.ListAttendanceExcusesResponse,
            lambda answer: Page(tuple(map(convert.excuse_from, answer.excuses)), answer.next_page_token),
        )

    return page


def _name(collection: Collection, value: str) -> str:
    return collection.name(value) if value else ""


def _stamp(moment: datetime | None) -> Timestamp | None:
    return None if moment is None else time_to(moment)
