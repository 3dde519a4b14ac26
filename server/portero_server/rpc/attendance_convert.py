"""Converts between sessions, records, corrections and excuses, and protobuf messages."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import attendance_service_pb2 as pb

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.record import AttendanceCorrection, AttendanceStatus, OpenQuestion, StatusReason
from portero_server.domain.attendance.schedule import SessionState
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import duration_to_proto, time_from_proto, time_to_proto
from portero_server.rpc.resource_names import (
    correction_name,
    excuse_name,
    group_name,
    person_name,
    session_name,
    sighting_name,
)
from portero_server.store.attendance.records import PersonTotals, PublishedRecord, StatusChange
from portero_server.store.attendance.remarks import KeptExcuse
from portero_server.store.attendance.sessions import SessionEntry
from portero_server.watching.watch import WatchUpdate

_STATES = {each: pb.AttendanceSessionState.Value(f"ATTENDANCE_SESSION_STATE_{each.name}") for each in SessionState}
_STATUSES = {each: pb.AttendanceStatus.Value(f"ATTENDANCE_STATUS_{each.name}") for each in AttendanceStatus}
_STATUSES_BY_NUMBER: dict[int, AttendanceStatus] = {number: each for each, number in _STATUSES.items()}
_REASONS = {each: pb.AttendanceReason.Value(f"ATTENDANCE_REASON_{each.name}") for each in StatusReason}
_QUESTIONS = {each: pb.OpenQuestion.Value(f"OPEN_QUESTION_{each.name}") for each in OpenQuestion}
_CAUSES = {each: pb.UnprovenCause.Value(f"UNPROVEN_CAUSE_{each.name}") for each in UnprovenCause}
_CHANGES = {each: pb.AttendanceChangeCause.Value(f"ATTENDANCE_CHANGE_CAUSE_{each.name}") for each in ChangeCause}


def session_to_proto(entry: SessionEntry) -> pb.AttendanceSession:
    """Returns the AttendanceSession message for a session."""
    session = entry.session
    return pb.AttendanceSession(
        name=session_name(session.session_id),
        group=group_name(session.group_id),
        day=session.day.isoformat(),
        start_time=time_to_proto(session.span.start),
        end_time=time_to_proto(session.span.end),
        rooms=session.room_ids,
        state=_STATES[session.state],
        note=session.note,
        decide_time=None if entry.decided_at is None else time_to_proto(entry.decided_at),
        stale=entry.stale,
    )


def record_to_proto(published: PublishedRecord) -> pb.AttendanceRecord:
    """Returns the AttendanceRecord message for a record."""
    record = published.record
    return pb.AttendanceRecord(
        session=session_name(record.session_id),
        person=person_name(record.person_id) if record.person_id else "",
        session_start_time=time_to_proto(published.starts_at),
        status=_STATUSES[record.status],
        reason=_REASONS[record.reason],
        decided_status=_STATUSES[record.decided],
        arrive_time=None if record.arrived_at is None else time_to_proto(record.arrived_at),
        leave_time=None if record.left_at is None else time_to_proto(record.left_at),
        present=duration_to_proto(record.present),
        late=duration_to_proto(record.late),
        early=duration_to_proto(record.early),
        credit=record.credit,
        sightings=[sighting_name(each) for each in record.evidence],
        open_questions=[_QUESTIONS[each] for each in record.open_questions],
        unproven=[_span_to_proto(each) for each in record.unproven],
        correction="" if record.correction_id is None else correction_name(record.correction_id),
        publish_time=time_to_proto(published.published_at),
        group=group_name(published.group_id),
    )


def change_to_proto(change: StatusChange) -> pb.AttendanceChange:
    """Returns the AttendanceChange message for a change."""
    return pb.AttendanceChange(
        session=session_name(change.session_id),
        person=person_name(change.person_id) if change.person_id else "",
        old_status=_status_to_proto(change.old_status),
        new_status=_status_to_proto(change.new_status),
        cause=_CHANGES[change.cause],
        reference=change.reference,
        change_time=time_to_proto(change.changed_at),
    )


def watched_to_proto(news: WatchUpdate[StatusChange], *, whole: bool) -> pb.WatchAttendanceResponse:
    """Returns the WatchAttendanceResponse message for a change, or for a position alone.

    Args:
        news: What is told.
        whole: Whether the watcher may know what became known: it may be of somebody else.
    """
    if news.item is None:
        return pb.WatchAttendanceResponse(position=news.position)
    change = news.item if whole else replace(news.item, reference="")
    return pb.WatchAttendanceResponse(position=news.position, change=change_to_proto(change))


def correction_to_proto(correction: AttendanceCorrection) -> pb.AttendanceCorrection:
    """Returns the AttendanceCorrection message for a correction."""
    withdrawn = correction.withdrawn_at
    return pb.AttendanceCorrection(
        name=correction_name(correction.correction_id),
        session=session_name(correction.session_id),
        person=person_name(correction.person_id),
        status=_STATUSES[correction.status],
        reason=correction.reason,
        corrected_by=correction.corrected_by,
        correct_time=time_to_proto(correction.corrected_at),
        withdraw_time=None if withdrawn is None else time_to_proto(withdrawn),
    )


def excuse_to_proto(kept: KeptExcuse) -> pb.AttendanceExcuse:
    """Returns the AttendanceExcuse message for an excuse."""
    excuse = kept.excuse
    return pb.AttendanceExcuse(
        name=excuse_name(kept.excuse_id),
        person=person_name(excuse.person_id),
        start_time=time_to_proto(excuse.span.start),
        end_time=time_to_proto(excuse.span.end),
        reason=excuse.reason,
        excused_by=kept.excused_by,
        excuse_time=time_to_proto(kept.excused_at),
        withdraw_time=None if kept.withdrawn_at is None else time_to_proto(kept.withdrawn_at),
    )


def totals_to_proto(totals: PersonTotals) -> pb.AttendanceTotals:
    """Returns the AttendanceTotals message for what the records of a person add up to."""
    summary = totals.summary
    counts = {f"{status.value}_count": summary.counts[status] for status in AttendanceStatus}
    return pb.AttendanceTotals(
        person="" if totals.person_id is None else person_name(totals.person_id),
        present_count=counts["present_count"],
        late_count=counts["late_count"],
        left_early_count=counts["left_early_count"],
        absent_count=counts["absent_count"],
        excused_count=counts["excused_count"],
        unproven_count=counts["unproven_count"],
        credit=float(summary.credit),
        percentage=_number(summary.percentage),
        lowest_percentage=_number(summary.lowest),
        highest_percentage=_number(summary.highest),
        present=duration_to_proto(totals.present),
        late=duration_to_proto(totals.late),
        display_name=totals.display_name,
    )


def status_from_proto(number: int, field: str) -> AttendanceStatus:
    """Returns the status of a number. Raises InvalidInput naming `field` when there is none."""
    status = _STATUSES_BY_NUMBER.get(number)
    if status is None:
        known = ", ".join(each.name for each in AttendanceStatus if each is not AttendanceStatus.UNPROVEN)
        raise InvalidInput(field, f"{field} must be one of {known}")
    return status


def span_from_proto(start: Timestamp, end: Timestamp) -> TimeSpan:
    """Returns the span of two times. Raises InvalidInput when the end is not after the start."""
    first, last = time_from_proto(start, "start_time"), time_from_proto(end, "end_time")
    if last <= first:
        raise InvalidInput("end_time", "end_time must be after start_time")
    return TimeSpan(first, last)


def _span_to_proto(span: UnprovenSpan) -> pb.UnprovenSpan:
    return pb.UnprovenSpan(
        start_time=time_to_proto(span.start),
        end_time=time_to_proto(span.end),
        causes=[_CAUSES[each] for each in span.causes],
    )


def _status_to_proto(status: AttendanceStatus | None) -> pb.AttendanceStatus.ValueType:
    return pb.ATTENDANCE_STATUS_UNSPECIFIED if status is None else _STATUSES[status]


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
