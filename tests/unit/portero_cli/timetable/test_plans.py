"""What becomes of the events of a timetable."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

import pytest

from portero_cli.timetable.events import RefusedEvent, read_events
from portero_cli.timetable.plans import Intake, Plan, PlannedFreeDays, PlannedSchedule, plans_for
from portero_client import AttendanceSchedule, ScheduleException
from tests.support.client.calendars import MATH, calendar, lesson

INTAKE = Intake("1b", ZoneInfo("America/Santiago"))
IN_A = replace(INTAKE, rooms=("a",))
CHANGED = ("UID:math@school.example", "RECURRENCE-ID;TZID=America/Santiago:20260316T080000")


def _plans(*events: tuple[str, ...] | list[str], intake: Intake = INTAKE) -> list[Plan]:
    return plans_for(read_events(calendar(*events), "1b.ics"), intake)


def _schedule(plan: Plan) -> AttendanceSchedule:
    assert isinstance(plan, PlannedSchedule), plan
    return plan.schedule


def _refused(plans: list[Plan]) -> list[tuple[int, str]]:
    return [(each.number, each.field) for each in plans if isinstance(each, RefusedEvent)]


def test_a_series_is_one_schedule_with_its_exceptions() -> None:
    """Canceled, moved, elsewhere; what only has another title is no exception."""
    moved = (*CHANGED, "DTSTART:20260317T100000", "DTEND:20260317T104500", "LOCATION:Gimnasio")
    canceled = (CHANGED[0], "RECURRENCE-ID:20260318T080000", "DTSTART:20260318T080000", "DTEND:20260318T084500")
    renamed = (CHANGED[0], "RECURRENCE-ID:20260323T080000", "DTSTART:20260323T080000", "DTEND:20260323T084500")
    (plan,) = _plans(MATH, moved, (*canceled, "STATUS:CANCELLED"), (*renamed, "SUMMARY:Prueba"))
    schedule = _schedule(plan)
    assert schedule == AttendanceSchedule(
        name=schedule.name,
        group="1b",
        rooms=("sala-3-b",),
        first_day=date(2026, 3, 2),
        begins=time(8),
        ends=time(8, 45),
        recurrence="FREQ=WEEKLY;BYDAY=MO,WE",
        last_day=date(2026, 12, 16),
        exceptions=(
            ScheduleException(date(2026, 3, 9), canceled=True),
            ScheduleException(date(2026, 3, 11), canceled=True),
            ScheduleException(
                date(2026, 3, 16),
                moved_to=date(2026, 3, 17),
                begins=time(10),
                ends=time(10, 45),
                rooms=("gimnasio",),
            ),
            ScheduleException(date(2026, 3, 18), canceled=True),
        ),
    )


def test_an_event_keeps_its_schedule_whatever_its_title() -> None:
    """By its UID within a group; another group has a schedule of its own."""
    name = _schedule(_plans(MATH)[0]).name
    assert name.startswith("matematicas-")
    renamed = tuple(each.replace("Matemáticas", "Álgebra") for each in MATH)
    assert _schedule(_plans(renamed, intake=replace(INTAKE, known=(f"attendanceSchedules/{name}",)))[0]).name == name
    assert _schedule(_plans(MATH, intake=replace(INTAKE, group="2a"))[0]).name != name
    untitled = _schedule(_plans(lesson("x"), intake=IN_A)[0]).name
    assert untitled.startswith("lesson-")


def test_rooms_are_those_of_the_option_or_the_location() -> None:
    """Without either an event is refused, and so is a location of which no id can be made."""
    assert _schedule(_plans(MATH, intake=IN_A)[0]).rooms == ("a",)
    assert _refused(_plans(lesson("a"), lesson("b", "LOCATION:???"))) == [(1, "LOCATION"), (2, "LOCATION")]


def test_all_day_events_are_free_days_only_if_asked() -> None:
    """Each of their days; an event that recurs, or takes months, is none."""
    week = ("UID:w", "SUMMARY:Vacaciones", "DTSTART;VALUE=DATE:20260622", "DTEND;VALUE=DATE:20260625")
    yearly = ("UID:y", "SUMMARY:Aniversario", "DTSTART;VALUE=DATE:20260511", "RRULE:FREQ=YEARLY")
    months = ("UID:m", "SUMMARY:Semestre", "DTSTART;VALUE=DATE:20260301", "DTEND;VALUE=DATE:20260801")
    gone = ("UID:g", "SUMMARY:Paro", "DTSTART;VALUE=DATE:20260512", "STATUS:CANCELLED")
    assert _refused(_plans(week)) == [(1, "DTSTART")]
    first, *rest = _plans(week, yearly, months, gone, intake=replace(INTAKE, free_days=True))
    assert isinstance(first, PlannedFreeDays)
    assert first.days == (date(2026, 6, 22), date(2026, 6, 23), date(2026, 6, 24))
    assert _refused(rest) == [(2, "RRULE"), (3, "DTEND"), (4, "STATUS")]


@pytest.mark.parametrize(
    ("events", "refused"),
    [
        # One of the series cannot be read: without it people would be expected at the usual time.
        ((MATH, (*CHANGED, "DTSTART:20260317T100000")), [(1, "RECURRENCE-ID"), (2, "DTEND")]),
        (
            (MATH, (*CHANGED, "DTSTART:20260317T100000", "DTEND:20260319T100000")),
            [(1, "RECURRENCE-ID"), (2, "DTEND")],
        ),
        (
            (MATH, (CHANGED[0], "RECURRENCE-ID:20260317T080000", *lesson("")[1:])),
            [(1, "RECURRENCE-ID"), (2, "RECURRENCE-ID")],
        ),
        (((*MATH, "STATUS:CANCELLED"), (*CHANGED, *lesson("")[1:])), [(1, "STATUS"), (2, "RECURRENCE-ID")]),
        ((lesson(MATH[0][4:], "RDATE:20260303"), (*CHANGED, *lesson("")[1:])), [(1, "RDATE"), (2, "RECURRENCE-ID")]),
        (((*CHANGED, *lesson("")[1:]),), [(1, "RECURRENCE-ID")]),
        ((MATH, MATH), [(2, "UID")]),
    ],
)
def test_a_series_is_taken_whole(events: tuple[tuple[str, ...], ...], refused: list[tuple[int, str]]) -> None:
    """Each event that is refused has its own line."""
    assert _refused(_plans(*events)) == refused
