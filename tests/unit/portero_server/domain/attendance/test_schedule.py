"""Sessions of schedules: the table of cases in `sessions.yaml`, and schedules that are refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.schedule import MOST_CHANGES, Schedule, SessionChange, sessions_between
from portero_server.errors import InvalidInput
from tests.support.attendance.calendar_cases import CalendarCase, read_calendar_cases

_CASES = read_calendar_cases(Path(__file__).with_name("sessions.yaml"))
_MONDAY = date(2026, 3, 9)
_SANTIAGO = ZoneInfo("America/Santiago")


def _schedule(**other: Any) -> Schedule:
    given: dict[str, Any] = {"zone": _SANTIAGO, "first_day": _MONDAY, "begins": time(8), "ends": time(9, 30)}
    return Schedule("math", "1b", **{"room_ids": ("room",), **given, **other})


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.case_id)
def test_the_sessions_are_what_the_table_says(case: CalendarCase) -> None:
    """Each case of the table comes to the sessions it expects, in order."""
    found = sessions_between(
        case.schedule, case.since, case.until, case.holidays, held_on_holidays=case.held_on_holidays
    )
    assert len(found) == len(case.expected)
    assert all(said.is_of(session) for said, session in zip(case.expected, found, strict=True)), found


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"begins": time(8, tzinfo=UTC)}, "begins"),
        ({"room_ids": ()}, "room_ids"),
        ({"last_day": date(2026, 3, 8)}, "last_day"),
        ({"changes": (SessionChange(_MONDAY), SessionChange(_MONDAY, canceled=True))}, "changes"),
        ({"changes": (SessionChange(_MONDAY, ends=time(8, tzinfo=UTC)),)}, "begins"),
        ({"changes": (SessionChange(_MONDAY, room_ids=()),)}, "room_ids"),
    ],
)
def test_a_schedule_that_means_nothing_is_refused(other: dict[str, Any], field: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInput) as refused:
        _schedule(**other)
    assert refused.value.field == field


_WEEKLY = _schedule(recurrence=Recurrence("FREQ=WEEKLY;BYDAY=MO"), last_day=date(2026, 12, 31))


@pytest.mark.parametrize(
    ("schedule", "day", "said"),
    [
        (_WEEKLY, date(2026, 3, 10), "the next is 2026-03-16"),
        (_WEEKLY, date(2026, 3, 2), "the next is 2026-03-09"),
        (_WEEKLY, date(2027, 1, 4), "none later"),
        (_WEEKLY, date(9998, 1, 4), "none later"),
        (_schedule(), date(2026, 3, 10), "none later"),
    ],
)
def test_a_change_must_be_of_a_day_that_the_schedule_has(schedule: Schedule, day: date, said: str) -> None:
    """The error says when the next session is, so that a slip of a day is not a session that takes place."""
    with pytest.raises(InvalidInput, match=said) as refused:
        schedule.with_change(SessionChange(day, canceled=True))
    assert refused.value.field == "day"


def test_a_schedule_takes_over_changes_of_other_days() -> None:
    """Its own stand before those of the earlier form, and together they have a limit."""
    later = _MONDAY + timedelta(days=7)
    earlier = _schedule(changes=(SessionChange(_MONDAY, canceled=True), SessionChange(later, note="x")))
    own = SessionChange(_MONDAY, note="y")
    assert _schedule(changes=(own,)).with_changes_of(earlier).changes == (own, SessionChange(later, note="x"))
    many = tuple(SessionChange(later + timedelta(days=number)) for number in range(MOST_CHANGES))
    with pytest.raises(InvalidInput, match="changes would be 401, and may be 400"):
        _schedule(changes=(own,)).with_changes_of(_schedule(changes=many))


def test_a_schedule_has_a_limit_of_changes() -> None:
    """One of them can still be replaced, and one more is refused."""
    days = [_MONDAY + timedelta(days=number) for number in range(MOST_CHANGES + 1)]
    daily = _schedule(recurrence=Recurrence("FREQ=DAILY"), changes=tuple(map(SessionChange, days[:-1])))
    again = daily.with_change(SessionChange(_MONDAY, canceled=True))
    assert again.changes == (SessionChange(_MONDAY, canceled=True), *daily.changes[1:])
    with pytest.raises(InvalidInput, match="400 exceptions already"):
        daily.with_change(SessionChange(days[-1]))
    assert again.without_change(_MONDAY) == replace(daily, changes=daily.changes[1:])


@given(
    day=st.dates(date(2000, 1, 1), date(2040, 12, 31)),
    begins=st.times(),
    ends=st.times(),
    zone=st.sampled_from(["America/Santiago", "America/Coyhaique", "Europe/Madrid", "Australia/Lord_Howe", "UTC"]),
)
def test_every_session_ends_after_it_begins(day: date, begins: time, ends: time, zone: str) -> None:
    """Whatever the clocks do in between, and it is of the day on which it begins."""
    schedule = _schedule(first_day=day, begins=begins, ends=ends, zone=ZoneInfo(zone))
    (session,) = sessions_between(schedule, day, day)
    assert session.span.start < session.span.end
    assert session.day == day


@given(st.dates(_MONDAY, date(2026, 12, 31)), st.integers(0, 60))
def test_a_schedule_asked_in_parts_is_the_same(middle: date, days: int) -> None:
    """Sessions of two stretches of days are those of both together, each once."""
    moved = SessionChange(_MONDAY, moved_to=date.fromordinal(_MONDAY.toordinal() + days))
    schedule = _schedule(recurrence=Recurrence("FREQ=WEEKLY;BYDAY=MO,TH"), changes=(moved,))
    end = date(2026, 12, 31)
    parts = [
        *sessions_between(schedule, _MONDAY, middle),
        *sessions_between(schedule, date.fromordinal(middle.toordinal() + 1), end),
    ]
    assert sorted(each.session_id for each in parts) == sorted(
        each.session_id for each in sessions_between(schedule, _MONDAY, end)
    )
