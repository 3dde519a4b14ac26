"""How long to wait before trying again."""

from hypothesis import given, strategies

from portero_bridge.backoff import SOUND_SECONDS, Backoff


def test_bounds_double_up_to_the_cap() -> None:
    """With the largest draw the delays are the bounds themselves."""
    backoff = Backoff(0.1, 1.0, lambda: 1.0)
    assert [round(backoff.next_delay(), 3) for _ in range(6)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_only_a_success_that_lasted_begins_anew() -> None:
    """What works for a moment and fails again is tried less and less often all the same."""
    backoff = Backoff(0.1, 1.0, lambda: 1.0)
    assert [backoff.next_delay(lived) for lived in (0.0, 0.5, SOUND_SECONDS - 0.1)] == [0.1, 0.2, 0.4]
    assert backoff.next_delay(SOUND_SECONDS) == 0.1


def test_success_begins_anew() -> None:
    """After a success the first bound holds again."""
    backoff = Backoff(0.1, 1.0, lambda: 1.0)
    backoff.next_delay()
    backoff.next_delay()
    backoff.succeeded()
    assert backoff.next_delay() == 0.1


@given(draw=strategies.floats(0, 1), failures=strategies.integers(1, 3000))
def test_delay_is_drawn_from_the_whole_range(draw: float, failures: int) -> None:
    """Jitter is full: anything from nothing to the bound, which is never above the cap."""
    backoff = Backoff(0.1, 2.0, lambda: draw)
    delays = [backoff.next_delay() for _ in range(failures)]
    assert all(0 <= delay <= 2.0 for delay in delays)
    assert delays[-1] == min(2.0, 0.1 * 2.0 ** min(failures - 1, 60)) * draw
