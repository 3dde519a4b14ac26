"""Shows groups, sessions, records and reports as tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from portero_cli.screen.sheet import Sheet, table
from portero_cli.screen.tables import local_clock, local_time
from portero_client import (
    AttendanceChange,
    AttendanceCorrection,
    AttendanceExcuse,
    AttendanceGroup,
    AttendanceRecord,
    AttendanceSchedule,
    AttendanceSession,
    AttendanceTotals,
    CameraPlacement,
    Membership,
    ScheduleException,
)
from portero_client.names import (
    ATTENDANCE_CORRECTIONS,
    ATTENDANCE_EXCUSES,
    ATTENDANCE_GROUPS,
    ATTENDANCE_SCHEDULES,
    ATTENDANCE_SESSIONS,
    CAMERAS,
    PEOPLE,
    PLACEMENTS,
)
from portero_reports.totals import COUNTS, counts_of, person_of


def groups_sheet(groups: Iterable[AttendanceGroup]) -> Sheet:
    """Returns a table of groups."""
    rows = (
        (ATTENDANCE_GROUPS.identifier(each.name), each.display_name, each.time_zone, each.country) for each in groups
    )
    return table("id", "name", "time zone", "holidays of", rows=rows, spare=("holidays of",))


def roster_sheet(members: Iterable[Membership]) -> Sheet:
    """Returns a table of memberships."""
    rows = ((PEOPLE.identifier(each.person), each.since, each.until or "") for each in members)
    return table("person", "since", "until", rows=rows)


def schedules_sheet(schedules: Iterable[AttendanceSchedule]) -> Sheet:
    """Returns a table of schedules."""
    rows = (
        (
            ATTENDANCE_SCHEDULES.identifier(each.name),
            f"{each.begins:%H:%M}-{each.ends:%H:%M}",
            each.recurrence or "once",
            each.first_day,
            each.last_day or "",
            " ".join(each.rooms),
            len(each.exceptions),
        )
        for each in schedules
    )
    return table("id", "time", "recurs", "from", "to", "rooms", "exceptions", rows=rows, spare=("exceptions", "to"))


def exceptions_sheet(schedule: AttendanceSchedule) -> Sheet:
    """Returns a table of the exceptions of a schedule, by day."""
    rows = (
        (
            f"{ATTENDANCE_SCHEDULES.identifier(schedule.name)}/{each.day}",
            "canceled" if each.canceled else _moved(each),
            " ".join(each.rooms),
            each.note,
        )
        for each in schedule.exceptions
    )
    return table("session", "instead", "rooms", "note", rows=rows, spare=("note",))


def free_days_sheet(group: AttendanceGroup) -> Sheet:
    """Returns a table of the free days of a group, in order."""
    return table("day", "free for", rows=sorted(group.free_days.items()))


def placements_sheet(placements: Iterable[CameraPlacement]) -> Sheet:
    """Returns a table of placements."""
    rows = (
        (
            PLACEMENTS.identifier(each.name),
            each.room,
            CAMERAS.identifier(each.camera),
            local_time(each.start_time) if each.start_time else "always",
            local_time(each.end_time) if each.end_time else "",
        )
        for each in placements
    )
    return table("id", "room", "camera", "from", "until", rows=rows)


def sessions_sheet(sessions: Iterable[AttendanceSession]) -> Sheet:
    """Returns a table of sessions."""
    rows = (
        (
            ATTENDANCE_SESSIONS.identifier(each.name),
            ATTENDANCE_GROUPS.identifier(each.group),
            local_time(each.start_time),
            local_clock(each.end_time),
            " ".join(each.rooms),
            each.state.value if not each.note else f"{each.state.value}: {each.note}",
            local_time(each.decide_time) if each.decide_time else "not yet",
        )
        for each in sessions
    )
    return table(
        "session", "group", "begins", "ends", "rooms", "state", "decided", rows=rows, spare=("decided", "rooms", "ends")
    )


def records_sheet(records: Iterable[AttendanceRecord]) -> Sheet:
    """Returns a table of records; what is unproven says when and why."""
    rows = (
        (
            ATTENDANCE_SESSIONS.identifier(each.session),
            person_of(each.person),
            each.status.value,
            each.reason.value,
            local_clock(each.arrive_time) if each.arrive_time else "",
            local_clock(each.leave_time) if each.leave_time else "",
            _minutes(each.late),
            _unproven(each),
        )
        for each in records
    )
    columns = ("session", "person", "status", "reason", "came", "last seen", "late min", "unproven")
    return table(*columns, rows=rows, spare=("last seen", "reason", "unproven"))


def changes_sheet(changes: Iterable[AttendanceChange]) -> Sheet:
    """Returns a table of changes."""
    rows = (
        (
            local_time(each.change_time),
            ATTENDANCE_SESSIONS.identifier(each.session),
            person_of(each.person),
            each.old_status.value,
            each.new_status.value,
            each.cause.value,
            each.reference,
        )
        for each in changes
    )
    return table("when", "session", "person", "was", "is", "because of", "reference", rows=rows, spare=("reference",))


def corrections_sheet(corrections: Iterable[AttendanceCorrection]) -> Sheet:
    """Returns a table of corrections."""
    rows = (
        (
            ATTENDANCE_CORRECTIONS.identifier(each.name),
            ATTENDANCE_SESSIONS.identifier(each.session),
            person_of(each.person),
            each.status.value,
            each.reason,
            each.corrected_by,
            local_time(each.withdraw_time) if each.withdraw_time else "",
        )
        for each in corrections
    )
    return table("id", "session", "person", "status", "reason", "by", "taken back", rows=rows, spare=("by",))


def excuses_sheet(excuses: Iterable[AttendanceExcuse]) -> Sheet:
    """Returns a table of excuses."""
    rows = (
        (
            ATTENDANCE_EXCUSES.identifier(each.name),
            person_of(each.person),
            local_time(each.start_time),
            local_time(each.end_time),
            each.reason,
            local_time(each.withdraw_time) if each.withdraw_time else "",
        )
        for each in excuses
    )
    return table("id", "person", "from", "until", "reason", "taken back", rows=rows, spare=("taken back",))


def totals_sheet(totals: Iterable[AttendanceTotals]) -> Sheet:
    """Returns a table of what records add up to."""
    rows = (
        (
            person_of(each.person),
            each.display_name,
            *counts_of(each),
            _percentage(each.percentage),
            _bounds(each),
            _minutes(each.late),
        )
        for each in totals
    )
    names = (name.replace("_", " ") for name in COUNTS)
    columns = ("person", "name", *names, "%", "% if unproven", "late min")
    return table(*columns, rows=rows, spare=("% if unproven", "late min", "name"))


def _bounds(totals: AttendanceTotals) -> str:
    if totals.lowest_percentage is None or totals.lowest_percentage == totals.highest_percentage:
        return ""
    return f"{_percentage(totals.lowest_percentage)} to {_percentage(totals.highest_percentage)}"


def _percentage(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _minutes(length: timedelta) -> str:
    return f"{length / timedelta(minutes=1):.0f}" if length else ""


def _unproven(record: AttendanceRecord) -> str:
    return ", ".join(
        f"{local_clock(each.start_time)}-{local_clock(each.end_time)} {' '.join(cause.value for cause in each.causes)}"
        for each in record.unproven
    )


def _moved(exception: ScheduleException) -> str:
    """Returns when a session takes place instead of by its schedule."""
    parts = [str(exception.moved_to)] if exception.moved_to is not None else []
    if exception.begins is not None:
        parts.append(f"from {exception.begins:%H:%M}")
    if exception.ends is not None:
        parts.append(f"until {exception.ends:%H:%M}")
    return " ".join(parts) or ("elsewhere" if exception.rooms else "held on any day")
