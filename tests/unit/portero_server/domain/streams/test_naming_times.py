"""How soon people were named is told for a share of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.naming_times import NamingTimes


def test_nobody_named_has_no_time() -> None:
    """Before the first name there is nothing to tell, which is not zero."""
    assert NamingTimes().within(0.95) is None


def test_old_names_are_forgotten() -> None:
    """Only the last hundred count: a slow morning is over by noon."""
    times = NamingTimes()
    for seconds in [9.0] * 50 + [0.3] * 100:
        times.add(seconds)
    assert times.within(1.0) == 0.3


@given(st.lists(st.floats(0, 60), min_size=1, max_size=100), st.floats(0.01, 1.0))
def test_the_share_named_within_the_time_is_the_one_asked_for(seconds: list[float], share: float) -> None:
    """At least that share took no longer, and less than that share took less."""
    times = NamingTimes()
    for each in seconds:
        times.add(each)
    limit = times.within(share)
    assert limit is not None
    assert sum(each <= limit for each in seconds) >= share * len(seconds) - 1e-9
    assert sum(each < limit for each in seconds) < share * len(seconds) + 1e-9
