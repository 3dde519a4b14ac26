"""Times of events by the clock on a group's wall."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from portero_cli.timetable.events import Moment, TimetableEvent, Unusable
from portero_cli.timetable.wall_clock import Span, local, span_of
from tests.support.client.calendars import shown

SANTIAGO = ZoneInfo("America/Santiago")
EIGHT = shown(date(2026, 3, 2), 8)
HOUR = timedelta(hours=1)


def _event(start: Moment, end: Moment, rule: str = "") -> TimetableEvent:
    return TimetableEvent(1, "a", "", "", start, end, rule)


@pytest.mark.parametrize(
    "start",
    [EIGHT, EIGHT.replace(tzinfo=SANTIAGO), EIGHT.replace(tzinfo=ZoneInfo("Chile/Continental"))],
)
def test_a_series_by_the_clock_of_the_group_keeps_its_time(start: datetime) -> None:
    """A time without a zone is the group's, and zones have aliases."""
    assert span_of(_event(start, start + HOUR, "FREQ=DAILY"), SANTIAGO) == Span(date(2026, 3, 2), time(8), time(9))


def test_a_single_event_of_another_zone_is_converted() -> None:
    """It takes place when it takes place; by the clock here it may be another day."""
    start = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
    assert span_of(_event(start, start + HOUR), SANTIAGO) == Span(date(2026, 3, 1), time(22, 30), time(23, 30))


def test_a_night_ends_on_the_next_day() -> None:
    """A whole day is the longest that a session takes."""
    assert span_of(_event(EIGHT, EIGHT + 24 * HOUR), SANTIAGO) == Span(date(2026, 3, 2), time(8), time(8))


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (_event(EIGHT.replace(tzinfo=UTC), EIGHT.replace(hour=9, tzinfo=UTC), "FREQ=DAILY"), "DTSTART"),
        (_event(EIGHT.replace(second=30), EIGHT + HOUR), "DTSTART"),
        (_event(EIGHT, EIGHT.replace(minute=45, second=1)), "DTEND"),
        (_event(EIGHT, EIGHT), "DTEND"),
        (_event(EIGHT, EIGHT + 25 * HOUR), "DTEND"),
    ],
)
def test_times_that_a_schedule_cannot_have_are_refused(event: TimetableEvent, field: str) -> None:
    """A series by another clock would come an hour early after the clocks change."""
    with pytest.raises(Unusable) as refused:
        span_of(event, SANTIAGO)
    assert refused.value.field == field


def test_a_time_that_the_clock_shows_again_is_refused() -> None:
    """On the first Sunday of April, 23:30 of Saturday comes twice in Santiago, and a schedule means the first one."""
    first = datetime(2026, 4, 5, 2, 30, tzinfo=UTC)
    assert local(first, SANTIAGO, "DTSTART") == shown(date(2026, 4, 4), 23, 30)
    with pytest.raises(Unusable, match="23:30 twice"):
        local(first + HOUR, SANTIAGO, "DTSTART")
