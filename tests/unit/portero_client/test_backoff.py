from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_client import Backoff

DRAWS = st.floats(0, 1)


@given(failures=st.integers(1, 10_000), draw=DRAWS)
def test_no_delay_is_above_the_cap_or_below_half_of_the_first(failures: int, draw: float) -> None:
    """However long an outage lasts, delays stay between half of the first and the cap."""
    backoff = Backoff(first=0.2, cap=10.0)
    assert 0.1 <= backoff.delay(failures, draw) <= 10.0


@given(failures=st.integers(1, 100), draw=DRAWS)
def test_delays_never_shrink_while_failures_go_on(failures: int, draw: float) -> None:
    """With the same draw, one failure more never means a shorter delay."""
    backoff = Backoff()
    assert backoff.delay(failures, draw) <= backoff.delay(failures + 1, draw)


def test_a_cap_below_the_first_delay_is_refused() -> None:
    """A backoff that could never be is not made."""
    with pytest.raises(ValueError, match="first <= cap"):
        Backoff(first=5, cap=1)
