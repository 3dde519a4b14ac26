"""Which capture times are taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.streaming.stream_clock import CaptureTimes

_NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_TIMES = CaptureTimes(timedelta(hours=1))


@pytest.mark.parametrize(
    ("captured", "words"),
    [
        (None, "be set"),
        (datetime(1, 1, 1, tzinfo=UTC), "1970-01-01"),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), "1970-01-01"),
        (_NOW + timedelta(hours=1, microseconds=1), "at most 3600 s ahead"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), "at most 3600 s ahead"),
    ],
)
def test_a_time_out_of_bounds_is_refused_with_the_limit(captured: datetime | None, words: str) -> None:
    """Each bound is named in the refusal, together with the field."""
    with pytest.raises(FrameRefused, match=f"frame.capture_time must.*{words}") as caught:
        _TIMES.checked(captured, _NOW)
    assert caught.value.reason is RejectionReason.BAD_CAPTURE_TIME


@pytest.mark.parametrize("captured", [datetime(1970, 1, 1, tzinfo=UTC), _NOW, _NOW + timedelta(hours=1)])
def test_a_time_within_bounds_is_taken(captured: datetime) -> None:
    """The bounds themselves are within."""
    assert _TIMES.checked(captured, _NOW) == captured


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
)
def test_what_is_taken_leaves_room_for_a_day_either_way(captured: datetime, gap: timedelta) -> None:
    """No visit gap that a setting allows can leave the years that datetimes and databases know."""
    try:
        taken = CaptureTimes().checked(captured, _NOW)
    except FrameRefused:
        return
    assert datetime(1000, 1, 1, tzinfo=UTC) < taken - gap < taken + gap < datetime(9999, 1, 1, tzinfo=UTC)
