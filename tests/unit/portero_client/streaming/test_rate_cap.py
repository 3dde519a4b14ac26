"""How pictures are left out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_client.streaming.rate_cap import RateCap


def test_without_a_wish_all_are_kept() -> None:
    """Nothing is left out before the server asks, and nothing after it let go."""
    cap = RateCap()
    assert all(cap.keep(at / 30) for at in range(10))
    cap.ask(1.0)
    assert not cap.keep(0.4)
    cap.ask(None)
    assert cap.keep(0.5)


def test_a_sixth_of_a_cameras_pictures_is_kept_at_a_sixth_of_its_rate() -> None:
    """Five of thirty pictures a second are every sixth one, also where they jitter."""
    cap = RateCap()
    cap.ask(5.0)
    assert [at for at in range(30) if cap.keep(at / 30 + (at % 2) * 0.003)] == [0, 6, 12, 18, 24]


def test_a_clock_that_is_set_back_stops_no_stream() -> None:
    """The first picture after a jump into the past is kept, and the pace goes on from there."""
    cap = RateCap()
    cap.ask(1.0)
    assert cap.keep(1_000.0)
    assert cap.keep(500.0)
    assert not cap.keep(500.5)
    assert cap.keep(501.0)


@given(st.lists(st.floats(0.001, 3.0), min_size=1, max_size=100), st.floats(0.1, 30.0))
def test_kept_pictures_are_an_interval_apart(steps: list[float], rate: float) -> None:
    """However pictures come, two that are kept are at least nine tenths of an interval apart."""
    cap, now, kept = RateCap(), 0.0, list[float]()
    cap.ask(rate)
    for step in steps:
        now += step
        if cap.keep(now):
            kept.append(now)
    assert all(later - earlier >= 0.9 / rate - 1e-9 for earlier, later in pairwise(kept))
