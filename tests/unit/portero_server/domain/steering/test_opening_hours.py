"""Opening hours, in the time of their place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.steering.opening_hours import OpeningHours, OpeningSchedule

_SANTIAGO = ZoneInfo("America/Santiago")
_MONDAY = datetime(2026, 6, 1, tzinfo=_SANTIAGO)


def _hours(text: str, zone: ZoneInfo = _SANTIAGO) -> OpeningHours:
    hours = OpeningHours.parse(text, zone)
    assert hours is not None
    return hours


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("Mon-Fri 07:00-20:00", (7, 20)),
        ("mon 07:00-12:00 14:00-20:00", (7, 12)),
        ("Sun-Tue 0:00-24:00", (0, 48)),
        ("Mon 22:00-02:00", (22, 26)),
        ("Fri-Mon 09:00-09:00", (0, 33)),
        ("Tue 00:00-24:00, Mon 20:00-24:00", (20, 48)),
    ],
)
def test_a_place_is_open_in_its_hours(text: str, opens: tuple[int, int]) -> None:
    """Hours hold by the wall clock, from the first minute to before the last, past midnight too."""
    hours = _hours(text)
    first, last = (_MONDAY + timedelta(hours=hour) for hour in opens)
    assert hours.is_open(first.astimezone(UTC))
    assert hours.is_open(last - timedelta(seconds=1))
    assert not hours.is_open(last)
    assert hours.closed_until(first) is None


def test_a_closed_place_tells_when_it_opens() -> None:
    """The next opening is the nearest one, in UTC, beyond the weekend if need be."""
    hours = _hours("Mon-Fri 07:00-12:00 14:00-20:00")
    assert hours.closed_until(_MONDAY + timedelta(hours=13)) == datetime(2026, 6, 1, 18, tzinfo=UTC)
    friday_night = _MONDAY + timedelta(days=4, hours=20)
    assert hours.closed_until(friday_night) == datetime(2026, 6, 8, 11, tzinfo=UTC)
    once_a_week = _hours("Mon 07:00-08:00")
    assert once_a_week.closed_until(_MONDAY + timedelta(hours=8)) == datetime(2026, 6, 8, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri",
        "Mon 7-20",
        "Mon 07:00",
        "Mo 07:00-20:00",
        "Mon 24:00-25:00",
        "Mon 07:60-08:00",
        "Mon 07:00-20:00,",
    ],
)
def test_what_is_no_hours_is_refused(text: str) -> None:
    """A wrong part is shown, with what it must be."""
    with pytest.raises(ValueError, match="must be"):
        OpeningHours.parse(text, _SANTIAGO)


def test_cameras_may_have_hours_of_their_own() -> None:
    """A camera without hours has those of all, and "always" exempts one from them."""
    closed = _hours("Tue 09:00-10:00")
    schedule = OpeningSchedule(
        closed, {"door": OpeningHours.parse("Always", _SANTIAGO), "desk": _hours("Mon 00:00-24:00")}
    )
    assert schedule.closed_until("yard", _MONDAY) is not None
    assert schedule.closed_until("door", _MONDAY) is None
    assert schedule.closed_until("desk", _MONDAY) is None
    assert OpeningSchedule().closed_until("yard", _MONDAY) is None


_SPANS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)), min_size=1, max_size=8)


@given(spans=_SPANS, minutes=st.integers(0, 525_600))
def test_what_is_closed_opens_within_a_week_and_not_before(spans: list[tuple[int, int, int]], minutes: int) -> None:
    """The opening told is an open minute after now, but for one that daylight saving leaves out."""
    hours = OpeningHours(tuple(spans), _SANTIAGO)
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = hours.closed_until(now)
    if until is None:
        assert hours.is_open(now)
        return
    assert not hours.is_open(now)
    assert now < until <= now + timedelta(days=8, hours=1)
    assert hours.is_open(until) or until.astimezone(_SANTIAGO).utcoffset() != now.astimezone(_SANTIAGO).utcoffset()
