"""Events are read from iCalendar files as calendars write them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from portero_cli.timetable.events import RefusedEvent, TimetableEvent, read_events
from portero_client import InvalidArgument
from tests.support.client.calendars import MATH, calendar, lesson

SANTIAGO = ZoneInfo("America/Santiago")


def test_a_series_is_read_whole() -> None:
    """Its rule without its end, its end, and what is excluded; names have their accents."""
    (event,) = read_events(calendar(MATH), "1b.ics")
    assert event == TimetableEvent(
        number=1,
        uid="math@school.example",
        title="Matemáticas",
        location="Sala 3 B",
        start=datetime(2026, 3, 2, 8, tzinfo=SANTIAGO),
        end=datetime(2026, 3, 2, 8, 45, tzinfo=SANTIAGO),
        rule="FREQ=WEEKLY;BYDAY=MO,WE",
        until=datetime(2026, 12, 16, 11, tzinfo=UTC),
        excluded=(datetime(2026, 3, 9, 8, tzinfo=SANTIAGO), datetime(2026, 3, 11, 8, tzinfo=SANTIAGO)),
    )


def test_other_forms_mean_the_same() -> None:
    """A duration is an end, Windows names of zones are known, and an all-day event lasts a day if nothing is said."""
    zoned = ("UID:a", "DTSTART;TZID=Pacific SA Standard Time:20260302T080000", "DURATION:PT45M", "STATUS:CANCELLED")
    whole = ("UID:b", "DTSTART;VALUE=DATE:20260518")
    first, second = read_events(calendar(zoned, whole), "1b.ics")
    assert isinstance(first, TimetableEvent)
    assert isinstance(second, TimetableEvent)
    assert (first.end, first.canceled) == (datetime(2026, 3, 2, 8, 45, tzinfo=SANTIAGO), True)
    assert (second.start, second.end, second.all_day) == (date(2026, 5, 18), date(2026, 5, 19), True)


def test_a_series_until_the_end_of_time_has_no_end() -> None:
    """Some calendars write so instead of leaving the end out."""
    (event,) = read_events(calendar(lesson("a", "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z")), "1b.ics")
    assert isinstance(event, TimetableEvent)
    assert (event.rule, event.until) == ("FREQ=DAILY", None)


@pytest.mark.parametrize(
    ("event", "field", "said"),
    [
        (("SUMMARY:x", "DTSTART:20260302T080000", "DTEND:20260302T090000"), "UID", "missing"),
        (("UID:a", "DTEND:20260302T090000"), "DTSTART", "missing"),
        (("UID:a", "DTSTART:20260302T080000"), "DTEND", "missing"),
        (("UID:a", "DTSTART:2026030T080000", "DTEND:20260302T090000"), "DTSTART", "2026030T080000"),
        (("UID:a", "DTSTART:20260302T080000", "DTEND;VALUE=DATE:20260303"), "DTEND", "must have a time"),
        (("UID:a", "DTSTART;TZID=Nowhere/Land:20260302T080000", "DURATION:PT1H"), "DTSTART", "Nowhere/Land"),
        (("UID:a", "DTSTART:20260302T080000", "DURATION:P999999999D"), "DURATION", "up to 366 days"),
        (lesson("a", start="99990302T080000"), "DTSTART", "1970 to 2999"),
        (lesson("a", "RRULE:FREQ=DAILY;UNTIL=00010101"), "RRULE", "1970 to 2999"),
        (lesson("a", "RRULE:FREQ=SOMETIMES"), "RRULE", "SOMETIMES"),
        (lesson("a", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "RRULE", "one rule"),
        (lesson("a", "EXRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"), "RRULE", "one rule"),
        (lesson("a", "RDATE:20260303T080000"), "RDATE", "event of its own"),
        (lesson("a", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260302T080000"), "RECURRENCE-ID", "all later ones"),
        (lesson("a", "DTSTART:20260303T080000"), "DTSTART", "more than once"),
    ],
)
def test_what_cannot_be_used_is_named(event: tuple[str, ...], field: str, said: str) -> None:
    """The property and the reason; the other events of the file are read."""
    refused, other = read_events(calendar(event, MATH), "1b.ics")
    assert isinstance(refused, RefusedEvent)
    assert (refused.number, refused.field) == (1, field)
    assert said in refused.reason
    assert isinstance(other, TimetableEvent)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"alumno;desde",
        b"\xff\xfe\x00",
        calendar(),
        b"BEGIN:VCALENDAR\r\n",
        calendar(("UID:a", "DTSTART;TZID=America:20260302T080000", "DURATION:PT1H")),
    ],
)
def test_a_file_without_events_is_refused(data: bytes) -> None:
    """It is no calendar, or has nothing in it."""
    with pytest.raises(InvalidArgument, match=r"1b\.ics") as refused:
        read_events(data, "1b.ics")
    assert refused.value.reason == "BAD_CALENDAR"
