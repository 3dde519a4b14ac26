"""How often a caller may do something."""

from __future__ import annotations

from portero_console.security.rates import RateLimit
from tests.support.time.virtual_time import ManualClock


def test_a_caller_waits_after_a_minutes_worth() -> None:
    """So many are allowed at once, then one each so many seconds; others are not concerned."""
    clock = ManualClock()
    limit = RateLimit(6, clock.monotonic)
    for _ in range(6):
        assert limit.wait("a") == 0
        limit.count("a")
    assert limit.wait("a") == 10
    assert limit.wait("b") == 0
    clock.advance(10)
    assert limit.wait("a") == 0


def test_what_was_not_used_does_not_add_up() -> None:
    """After an hour a caller may do no more at once than at first."""
    clock = ManualClock()
    limit = RateLimit(2, clock.monotonic)
    clock.advance(3600)
    limit.count("a")
    limit.count("a")
    assert limit.wait("a") == 30


def test_callers_are_remembered_in_a_bounded_number() -> None:
    """The caller not seen for the longest is forgotten."""
    limit = RateLimit(1, ManualClock().monotonic, most=2)
    for caller in ("a", "b", "c"):
        limit.count(caller)
    assert [limit.wait(caller) > 0 for caller in ("a", "b", "c")] == [False, True, True]
