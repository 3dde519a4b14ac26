"""iCalendar files, written as calendars export them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time

MATH = (
    "UID:math@school.example",
    "SUMMARY:Matemáticas",
    "LOCATION:Sala 3 B",
    "DTSTART;TZID=America/Santiago:20260302T080000",
    "DTEND;TZID=America/Santiago:20260302T084500",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261216T110000Z",
    "EXDATE;TZID=America/Santiago:20260309T080000,20260311T080000",
)
"""A series of Mondays and Wednesdays until Wednesday, December 16, without one week in March."""


def calendar(*events: Sequence[str]) -> bytes:
    """Returns a file with some events, each the lines of its properties."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//School//Timetable//ES"]
    for event in events:
        lines += ["BEGIN:VEVENT", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def lesson(uid: str, *properties: str, start: str = "20260302T080000", end: str = "20260302T084500") -> list[str]:
    """Returns the lines of an event by the clock on the wall."""
    return [f"UID:{uid}", f"DTSTART:{start}", f"DTEND:{end}", *properties]


def shown(day: date, hour: int, minute: int = 0) -> datetime:
    """Returns what a clock on the wall shows, which is of no zone."""
    return datetime.combine(day, time(hour, minute))
