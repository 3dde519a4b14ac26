"""On which days a series of a timetable meets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from portero_cli.timetable.events import Moment, TimetableEvent, Unusable
from portero_cli.timetable.recurring import Series
from portero_cli.timetable.wall_clock import Span
from tests.support.client.calendars import shown

SANTIAGO = ZoneInfo("America/Santiago")
MONDAY = date(2026, 3, 2)
SPAN = Span(MONDAY, time(8), time(9))
START = shown(MONDAY, 8)
EVENT = TimetableEvent(1, "a", "", "", START, START.replace(hour=9), "FREQ=WEEKLY;BYDAY=MO")


def _series(**changes: Any) -> Series:
    return Series.of(replace(EVENT, **changes), SPAN, SANTIAGO)


@pytest.mark.parametrize(
    ("until", "last_day"),
    [
        (None, None),
        (date(2026, 3, 30), date(2026, 3, 30)),
        (shown(date(2026, 3, 30), 8), date(2026, 3, 30)),
        (shown(date(2026, 3, 30), 7, 59), date(2026, 3, 29)),
        (datetime(2026, 3, 30, 11, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 3, 30, 10, 59, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_an_end_is_a_day_of_the_group(until: Moment | None, last_day: date | None) -> None:
    """A time before the lesson of its day is after the one before."""
    series = _series(until=until)
    assert series.last_day == last_day
    assert series.meets_on(date(2026, 3, 30)) == (last_day is None or last_day >= date(2026, 3, 30))


def test_what_is_excluded_is_a_day_on_which_it_meets() -> None:
    """By its time or by the day alone; a day on which it does not meet anyway excludes nothing."""
    excluded = (datetime(2026, 3, 9, 11, tzinfo=UTC), date(2026, 3, 16), date(2026, 3, 17), date(2300, 1, 1))
    assert list(_series(excluded=excluded).excluded()) == [date(2026, 3, 9), date(2026, 3, 16)]
    with pytest.raises(Unusable, match="names 09:00, and the series begins at 08:00"):
        list(_series(excluded=(shown(date(2026, 3, 9), 9),)).excluded())


def test_it_begins_on_a_day_of_its_rule() -> None:
    """Otherwise the calendar shows a lesson on its first day, and the schedule would have none."""
    with pytest.raises(Unusable, match="2026-03-02 is no day of its RRULE; the first one is 2026-03-03") as refused:
        _series(rule="FREQ=WEEKLY;BYDAY=TU")
    assert refused.value.field == "DTSTART"


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=8,9", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;X-A=1", "BYDAY=MO"]
)
def test_a_rule_that_the_server_will_refuse_is_not_looked_through(rule: str) -> None:
    """It could take forever; whatever it is asked, such a series meets every day."""
    assert _series(rule=rule).meets_on(date(2026, 3, 4))


def test_a_single_event_meets_once() -> None:
    """On its day, for which another event may stand."""
    series = _series(rule="")
    assert series.day_of(replace(EVENT, number=2, instead_of=START)) == MONDAY
    with pytest.raises(Unusable, match="event 1, does not meet on 2026-03-09"):
        series.day_of(replace(EVENT, number=2, instead_of=START.replace(day=9)))
