"""Rows of attendance, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from portero_server.domain.attendance.attendance_group import AttendanceGroup
from portero_server.domain.attendance.groups import Membership, Placement
from portero_server.domain.attendance.limits import opening
from portero_server.domain.attendance.record import (
    AttendanceCorrection,
    AttendanceRecord,
    AttendanceStatus,
    Excuse,
    StatusReason,
)
from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.domain.attendance.schedule import AttendanceSession, SessionState
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.store.attendance.texts import (
    detail_of,
    detail_text,
    own_days_of,
    own_days_text,
    rooms_of,
    rooms_text,
    rules_of,
    rules_text,
)


def group_columns(group: AttendanceGroup) -> dict[str, Any]:
    """Returns the column values of a group, without its times."""
    return {
        "group_id": group.group_id,
        "display_name": group.display_name,
        "zone": group.zone,
        "country": group.country,
        "region": group.region,
        "rules": rules_text(group.rules),
        "own_days": own_days_text(group.free_days, group.worked_days),
    }


def group_of(row: Any) -> AttendanceGroup:
    """Returns the group of a row."""
    free, worked = own_days_of(row.own_days)
    return AttendanceGroup(
        row.group_id, row.display_name, row.zone, rules_of(row.rules), row.country, row.region, free, worked
    )


def membership_of(row: Any) -> Membership:
    """Returns the membership of a row."""
    until = None if row.until is None else date.fromisoformat(row.until)
    return Membership(row.person_id, date.fromisoformat(row.since), until)


def placement_of(row: Any) -> Placement:
    """Returns the placement of a row."""
    return Placement(row.camera_id, row.room_id, row.starts_at, row.ends_at)


def session_columns(session: AttendanceSession, schedule_id: str, rules: AttendanceRules) -> dict[str, Any]:
    """Returns the column values of a session, without when it was decided."""
    return {
        "session_id": session.session_id,
        "schedule_id": schedule_id,
        "group_id": session.group_id,
        "day": session.day.isoformat(),
        "opens_at": opening(session.span, rules).start,
        "starts_at": session.span.start,
        "ends_at": session.span.end,
        "room_ids": rooms_text(session.room_ids),
        "state": session.state.value,
        "note": session.note,
    }


def session_of(row: Any) -> AttendanceSession:
    """Returns the session of a row."""
    return AttendanceSession(
        row.session_id,
        row.group_id,
        date.fromisoformat(row.day),
        TimeSpan(row.starts_at, row.ends_at),
        rooms_of(row.room_ids),
        SessionState(row.state),
        row.note,
    )


def record_columns(record: AttendanceRecord, session: AttendanceSession) -> dict[str, Any]:
    """Returns the column values of a record, without when it was published."""
    return {
        "record_id": uuid4().hex,
        "session_id": record.session_id,
        "person_id": record.person_id,
        "group_id": session.group_id,
        "starts_at": session.span.start,
        "status": record.status.value,
        "reason": record.reason.value,
        "decided": record.decided.value,
        "arrived_at": record.arrived_at,
        "left_at": record.left_at,
        "present": record.present.total_seconds(),
        "late": record.late.total_seconds(),
        "early": record.early.total_seconds(),
        "credit": record.credit,
        "correction_id": record.correction_id,
        "detail": detail_text(record),
    }


def record_of(row: Any) -> AttendanceRecord:
    """Returns the record of a row; of somebody who was erased the person's id is empty."""
    evidence, questions, unproven = detail_of(row.detail)
    return AttendanceRecord(
        row.session_id,
        row.person_id or "",
        AttendanceStatus(row.status),
        StatusReason(row.reason),
        AttendanceStatus(row.decided),
        row.arrived_at,
        row.left_at,
        timedelta(seconds=row.present),
        timedelta(seconds=row.late),
        timedelta(seconds=row.early),
        row.credit,
        evidence,
        questions,
        unproven,
        row.correction_id,
    )


def correction_columns(correction: AttendanceCorrection) -> Mapping[str, Any]:
    """Returns the column values of a correction."""
    return {
        "correction_id": correction.correction_id,
        "session_id": correction.session_id,
        "person_id": correction.person_id,
        "status": correction.status.value,
        "reason": correction.reason,
        "corrected_by": correction.corrected_by,
        "corrected_at": correction.corrected_at,
        "withdrawn_at": correction.withdrawn_at,
    }


def correction_of(row: Any) -> AttendanceCorrection:
    """Returns the correction of a row."""
    return AttendanceCorrection(
        row.correction_id,
        row.session_id,
        row.person_id,
        AttendanceStatus(row.status),
        row.reason,
        row.corrected_by,
        row.corrected_at,
        row.withdrawn_at,
    )


def excuse_of(row: Any) -> Excuse:
    """Returns the excuse of a row."""
    return Excuse(row.person_id, TimeSpan(row.starts_at, row.ends_at), row.reason)
