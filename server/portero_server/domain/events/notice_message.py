"""The message that tells of one notice of attendance; its form is published as events/webhook.schema.json."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from portero_server.domain.attendance.notices import AttendanceNotice
from portero_server.domain.events.message import SCHEMA_VERSION, EventMessage


def notice_message_id(notice_id: str) -> str:
    """Returns the id of the message about a notice, the same each time and for every receiver."""
    return f"evt_{notice_id}"


def notice_type(notice: AttendanceNotice) -> str:
    """Returns the type of the message about a notice."""
    return "attendance.withdrawn" if notice.withdraws is not None else f"attendance.{notice.kind.value}"


def message_of_notice(
    position: int, notice: AttendanceNotice, display_name: str | None, group_name: str
) -> EventMessage:
    """Returns the message about a notice.

    Args:
        position: Of the notice.
        notice: What is told.
        display_name: Of the person; None: it is about the whole session.
        group_name: Of the group; empty: the group is gone.
    """
    data: dict[str, Any] = {
        "position": position,
        "session": f"attendanceSessions/{notice.session_id}",
        "group": f"attendanceGroups/{notice.group_id}",
        "group_display_name": group_name or None,
        "start_time": _text(notice.starts_at),
    }
    if notice.person_id is not None:
        data |= {"person": f"people/{notice.person_id}", "display_name": display_name}
    if notice.withdraws is not None:
        data |= {"withdraws": notice_message_id(notice.withdraws), "withdrawn_type": f"attendance.{notice.kind.value}"}
    data |= notice.figures
    content = {
        "type": notice_type(notice),
        "timestamp": _text(notice.decided_at),
        "schema_version": SCHEMA_VERSION,
        "data": data,
    }
    return EventMessage(notice_message_id(notice.notice_id), content)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
