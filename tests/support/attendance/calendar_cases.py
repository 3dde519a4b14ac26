"""Reads the table of cases of schedules: what is planned, and the sessions that must come of it.

What the table may say is written at its top, in `tests/unit/portero_server/domain/attendance/sessions.yaml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from portero_server.domain.attendance.holiday_calendar import (
    NO_HOLIDAYS,
    HolidayCalendar,
    OwnHolidays,
    public_holidays,
)
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.schedule import AttendanceSession, Schedule, SessionChange, SessionState
from portero_server.domain.attendance.spans import TimeSpan
from tests.support.attendance.wall_clock import WallClock

_SESSION = re.compile(
    r"(?P<start>\S+ \S+) \.\. (?P<end>\d[\d: -]*\d)(?: in (?P<room>\S+))?(?: id (?P<id>\S+))?"
    r"(?: (?P<state>[a-z]+): (?P<note>.+))?"
)


@dataclass(frozen=True, slots=True)
class ExpectedSession:
    """What a case says of a session; `session_id` None: not said."""

    span: TimeSpan
    rooms: tuple[str, ...]
    state: SessionState
    note: str
    session_id: str | None = None

    def is_of(self, session: AttendanceSession) -> bool:
        """Returns whether a session is as the case says."""
        said = (session.span, session.room_ids, session.state, session.note)
        return said == (self.span, self.rooms, self.state, self.note) and self.session_id in (None, session.session_id)


@dataclass(frozen=True, slots=True)
class CalendarCase:
    """One case of the table; `since` and `until` are the days that are asked for."""

    case_id: str
    says: str
    schedule: Schedule
    since: date
    until: date
    holidays: HolidayCalendar
    held_on_holidays: bool
    expected: tuple[ExpectedSession, ...]


def read_calendar_cases(path: Path) -> list[CalendarCase]:
    """Returns the cases of a table."""
    return [_case(each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def _case(given: dict[str, Any]) -> CalendarCase:
    known = {"id", "says", "first", "rule", "times", "zone", "rooms", "changes", "holidays", "held_on_holidays"}
    assert set(given) <= known | {"asked", "expect"}, given["id"]
    first, last = _days(given["first"])
    begins, ends = given.get("times", "08:00 .. 09:30").split(" .. ")
    since, until = _days(given["asked"])
    schedule = Schedule(
        "math",
        "1b",
        ("room",),
        ZoneInfo(given.get("zone", "America/Santiago")),
        first,
        time.fromisoformat(begins),
        time.fromisoformat(ends),
        Recurrence(given["rule"]) if "rule" in given else None,
        last if last != first else None,
        tuple(_change(day, change) for day, change in given.get("changes", {}).items()),
    )
    return CalendarCase(
        given["id"],
        given["says"],
        schedule,
        since,
        until,
        _holidays(given.get("holidays")),
        given.get("held_on_holidays", False),
        tuple(_expected(each) for each in given["expect"]),
    )


def _days(text: str | date) -> tuple[date, date]:
    first, _, last = str(text).partition(" .. ")
    return date.fromisoformat(first), date.fromisoformat(last or first)


def _change(day: date, given: dict[str, Any]) -> SessionChange:
    begins, ends = (None if key not in given else time.fromisoformat(given[key]) for key in ("begins", "ends"))
    return SessionChange(
        day,
        canceled=given.get("canceled", False),
        moved_to=given.get("moved_to"),
        begins=begins,
        ends=ends,
        room_ids=tuple(given["rooms"]) if "rooms" in given else None,
        note=given.get("note", ""),
    )


def _holidays(given: str | dict[date, str] | None) -> HolidayCalendar:
    if given is None:
        return NO_HOLIDAYS
    return public_holidays(given) if isinstance(given, str) else OwnHolidays(given)


def _expected(text: str) -> ExpectedSession:
    said = _SESSION.fullmatch(text)
    assert said is not None, text
    day, _ = said["start"].split()
    clock = WallClock(date.fromisoformat(day), ZoneInfo("UTC"))
    return ExpectedSession(
        clock.span(f"{said['start']} .. {said['end']}"),
        (said["room"] or "room",),
        SessionState(said["state"] or "held"),
        said["note"] or "",
        said["id"],
    )
