from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_cli.times import parse_duration, parse_time, parse_time_ahead, time_meant

NOW = datetime(2026, 5, 2, 12, 0, tzinfo=timezone(timedelta(hours=-4)))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-05-01T10:00:00Z", datetime(2026, 5, 1, 10, tzinfo=UTC)),
        ("2026-05-01T10:00:00+02:00", datetime(2026, 5, 1, 8, tzinfo=UTC)),
        ("2026-05-01 10:00", datetime(2026, 5, 1, 14, tzinfo=UTC)),
        ("2026-05-01", datetime(2026, 5, 1, 4, tzinfo=UTC)),
        ("2h", datetime(2026, 5, 2, 14, tzinfo=UTC)),
        (" 1.5H ", datetime(2026, 5, 2, 14, 30, tzinfo=UTC)),
        ("+2h", datetime(2026, 5, 2, 18, tzinfo=UTC)),
    ],
)
def test_times_are_what_people_mean(text: str, meant: datetime) -> None:
    """RFC 3339 is as it is, a time without a zone in the local one, a duration ago, or ahead with a plus."""
    assert time_meant(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "h", "-2h", "12", "999999w", "9999-12-31T23:00"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    """What nobody can mean is refused, and the message shows how times are written."""
    with pytest.raises(ValueError, match="write 2h"):
        time_meant(text, NOW)


@given(st.integers(0, 99_999), st.sampled_from("smhdw"))
def test_durations_are_read_back(count: int, unit: str) -> None:
    """Every count and unit gives that many units."""
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[unit]
    assert parse_duration(f"{count}{unit}") == timedelta(seconds=count * seconds)


@pytest.mark.parametrize("text", ["90d", "+90d"])
def test_a_duration_is_ahead_where_only_the_future_is_meant(text: str) -> None:
    """For the end of a consent, 90 days are ahead with or without a plus; a date is the date."""
    assert time_meant(text, NOW, ahead=True) == datetime(2026, 7, 31, 16, tzinfo=UTC)
    assert time_meant("2026-05-01", NOW, ahead=True) == time_meant("2026-05-01", NOW)
    with pytest.raises(ValueError, match="write 90d"):
        time_meant("soon", NOW, ahead=True)


def test_now_has_a_zone() -> None:
    """What is parsed at the machine's own time can be sent."""
    assert parse_time("1s").tzinfo is not None
    assert parse_time_ahead("1h") > parse_time("1s")
