"""Converts sessions, records, corrections and excuses from messages to dataclasses."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import attendance_service_pb2 as pb2

from portero_client.attendance import (
    AttendanceChange,
    AttendanceChangeCause,
    AttendanceCorrection,
    AttendanceEvent,
    AttendanceExcuse,
    AttendanceReason,
    AttendanceRecord,
    AttendanceReport,
    AttendanceSession,
    AttendanceSessionState,
    AttendanceStatus,
    AttendanceTotals,
    OpenQuestion,
    UnprovenCause,
    UnprovenSpan,
)
from portero_client.convert import time_from

_EnumT = TypeVar("_EnumT", bound=Enum)


def _numbers(kind: type[_EnumT], wire: Any, prefix: str) -> dict[int, _EnumT]:
    return {wire.Value(f"{prefix}_{each.name}"): each for each in kind}


_STATES = _numbers(AttendanceSessionState, pb2.AttendanceSessionState, "ATTENDANCE_SESSION_STATE")
_STATUSES = _numbers(AttendanceStatus, pb2.AttendanceStatus, "ATTENDANCE_STATUS")
_REASONS = _numbers(AttendanceReason, pb2.AttendanceReason, "ATTENDANCE_REASON")
_QUESTIONS = _numbers(OpenQuestion, pb2.OpenQuestion, "OPEN_QUESTION")
_CAUSES = _numbers(UnprovenCause, pb2.UnprovenCause, "UNPROVEN_CAUSE")
_CHANGES = _numbers(AttendanceChangeCause, pb2.AttendanceChangeCause, "ATTENDANCE_CHANGE_CAUSE")


def status_to(status: AttendanceStatus) -> pb2.AttendanceStatus.ValueType:
    """Returns the wire value of a status."""
    return pb2.AttendanceStatus.Value(f"ATTENDANCE_STATUS_{status.name}")


def session_from(message: pb2.AttendanceSession) -> AttendanceSession:
    """Returns an AttendanceSession for a protobuf message."""
    return AttendanceSession(
        name=message.name,
        group=message.group,
        day=date.fromisoformat(message.day),
        start_time=time_from(message.start_time),
        end_time=time_from(message.end_time),
        rooms=tuple(message.rooms),
        state=_STATES.get(message.state, AttendanceSessionState.UNSPECIFIED),
        note=message.note,
        decide_time=_if_set(message.HasField("decide_time"), message.decide_time),
        stale=message.stale,
    )


def record_from(message: pb2.AttendanceRecord) -> AttendanceRecord:
    """Returns an AttendanceRecord for a protobuf message."""
    return AttendanceRecord(
        session=message.session,
        person=message.person,
        session_start_time=time_from(message.session_start_time),
        status=_STATUSES.get(message.status, AttendanceStatus.UNSPECIFIED),
        reason=_REASONS.get(message.reason, AttendanceReason.UNSPECIFIED),
        decided_status=_STATUSES.get(message.decided_status, AttendanceStatus.UNSPECIFIED),
        arrive_time=_if_set(message.HasField("arrive_time"), message.arrive_time),
        leave_time=_if_set(message.HasField("leave_time"), message.leave_time),
        present=message.present.ToTimedelta(),
        late=message.late.ToTimedelta(),
        early=message.early.ToTimedelta(),
        credit=message.credit,
        sightings=tuple(message.sightings),
        open_questions=tuple(_QUESTIONS.get(each, OpenQuestion.UNSPECIFIED) for each in message.open_questions),
        unproven=tuple(_span_from(each) for each in message.unproven),
        correction=message.correction,
        publish_time=time_from(message.publish_time),
        group=message.group,
    )


def change_from(message: pb2.AttendanceChange) -> AttendanceChange:
    """Returns an AttendanceChange for a protobuf message."""
    return AttendanceChange(
        session=message.session,
        person=message.person,
        old_status=_STATUSES.get(message.old_status, AttendanceStatus.UNSPECIFIED),
        new_status=_STATUSES.get(message.new_status, AttendanceStatus.UNSPECIFIED),
        cause=_CHANGES.get(message.cause, AttendanceChangeCause.UNSPECIFIED),
        reference=message.reference,
        change_time=time_from(message.change_time),
    )


def event_from(data: bytes) -> tuple[int, AttendanceEvent | None]:
    """Returns the position of a response of WatchAttendance, and the change in it, if there is one."""
    message = pb2.WatchAttendanceResponse.FromString(data)
    if not message.HasField("change"):
        return message.position, None
    return message.position, AttendanceEvent(message.position, change_from(message.change))


def correction_from(message: pb2.AttendanceCorrection) -> AttendanceCorrection:
    """Returns an AttendanceCorrection for a protobuf message."""
    return AttendanceCorrection(
        name=message.name,
        session=message.session,
        person=message.person,
        status=_STATUSES.get(message.status, AttendanceStatus.UNSPECIFIED),
        reason=message.reason,
        corrected_by=message.corrected_by,
        correct_time=time_from(message.correct_time),
        withdraw_time=_if_set(message.HasField("withdraw_time"), message.withdraw_time),
    )


def excuse_from(message: pb2.AttendanceExcuse) -> AttendanceExcuse:
    """Returns an AttendanceExcuse for a protobuf message."""
    return AttendanceExcuse(
        name=message.name,
        person=message.person,
        start_time=time_from(message.start_time),
        end_time=time_from(message.end_time),
        reason=message.reason,
        excused_by=message.excused_by,
        excuse_time=time_from(message.excuse_time),
        withdraw_time=_if_set(message.HasField("withdraw_time"), message.withdraw_time),
    )


def report_from(message: pb2.GetAttendanceReportResponse) -> AttendanceReport:
    """Returns an AttendanceReport for a protobuf message."""
    return AttendanceReport(tuple(_totals_from(each) for each in message.totals), time_from(message.report_time))


def _totals_from(message: pb2.AttendanceTotals) -> AttendanceTotals:
    return AttendanceTotals(
        person=message.person,
        present_count=message.present_count,
        late_count=message.late_count,
        left_early_count=message.left_early_count,
        absent_count=message.absent_count,
        excused_count=message.excused_count,
        unproven_count=message.unproven_count,
        credit=message.credit,
        percentage=message.percentage if message.HasField("percentage") else None,
        lowest_percentage=message.lowest_percentage if message.HasField("lowest_percentage") else None,
        highest_percentage=message.highest_percentage if message.HasField("highest_percentage") else None,
        present=message.present.ToTimedelta(),
        late=message.late.ToTimedelta(),
        display_name=message.display_name,
    )


def _span_from(message: pb2.UnprovenSpan) -> UnprovenSpan:
    causes = tuple(_CAUSES.get(each, UnprovenCause.UNSPECIFIED) for each in message.causes)
    return UnprovenSpan(time_from(message.start_time), time_from(message.end_time), causes)


def _if_set(is_set: bool, stamp: Timestamp) -> datetime | None:
    return time_from(stamp) if is_set else None
