"""Periods are days on the wall where a group meets, or two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from portero_reports.period import Period, midnight

SANTIAGO = ZoneInfo("America/Santiago")


def test_a_month_has_all_of_its_days() -> None:
    """From the first midnight until before that of the next month, over the end of a year too."""
    assert Period.month_of(2026, 12).bounds(SANTIAGO) == (
        datetime(2026, 12, 1, 3, tzinfo=UTC),
        datetime(2027, 1, 1, 3, tzinfo=UTC),
    )
    with pytest.raises(ValueError, match="month"):
        Period.month_of(2026, 13)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 9, 6), 23), (date(2026, 4, 4), 25), (date(2026, 5, 5), 24)])
def test_a_day_is_as_long_as_its_clock_says(day: date, hours: int) -> None:
    """Days on which clocks change have 23 or 25 hours."""
    start, end = Period.day_of(day).bounds(SANTIAGO)
    assert start is not None
    assert end is not None
    assert end - start == timedelta(hours=hours)


def test_a_day_without_midnight_begins_when_the_clock_jumps() -> None:
    """At 01:00 by the new time."""
    assert midnight(date(2026, 9, 6), SANTIAGO).astimezone(SANTIAGO).hour == 1


def test_moments_do_not_depend_on_the_zone() -> None:
    """A period between two moments is what it is."""
    start, end = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    period = Period(start=start, end=end)
    assert period.bounds(SANTIAGO) == (start, end)
    assert (period.of_days, period.one_day) == (False, False)
    assert Period.day_of(date(2026, 3, 2)).one_day
