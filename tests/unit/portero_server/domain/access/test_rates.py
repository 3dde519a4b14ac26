"""Token buckets, and the wait after failed logins, in bounded tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.access.logins import FailedLogins, LoginPolicy
from portero_server.domain.access.rates import Buckets, Rate

_STEPS = st.lists(
    st.tuples(st.floats(0, 3), st.floats(0.1, 4), st.sampled_from("abc")),
    min_size=1,
    max_size=60,
)


@given(steps=_STEPS, per_second=st.floats(0.5, 20), burst=st.floats(1, 20))
def test_nobody_gets_more_than_the_rate_and_one_burst(
    steps: list[tuple[float, float, str]], per_second: float, burst: float
) -> None:
    """Over any time a key gets at most what its bucket held and gained, whatever the others do."""
    buckets: Buckets[str] = Buckets(Rate(per_second, burst), most=10)
    now, got = 0.0, dict.fromkeys("abc", 0.0)
    for pause, amount, key in steps:
        now += pause
        if buckets.take(key, now, amount) == 0:
            got[key] += min(amount, burst)
        assert got[key] <= burst + now * per_second + 1e-6


@given(steps=_STEPS, per_second=st.floats(0.5, 20), burst=st.floats(1, 20))
def test_after_the_wait_that_was_named_it_passes(
    steps: list[tuple[float, float, str]], per_second: float, burst: float
) -> None:
    """Whoever is told to wait, and waits so long, is let through."""
    buckets: Buckets[str] = Buckets(Rate(per_second, burst), most=10)
    now = 0.0
    for pause, amount, key in steps:
        now += pause
        if wait := buckets.take(key, now, amount):
            now += wait * (1 + 1e-9) + 1e-9
            assert buckets.take(key, now, amount) == 0


@given(keys=st.lists(st.integers(0, 1000), max_size=200), most=st.integers(1, 20))
def test_the_table_is_bounded_and_keeps_who_came_last(keys: list[int], most: int) -> None:
    """However many keys come, no more than `most` are remembered, the last ones among them."""
    buckets: Buckets[int] = Buckets(Rate(0.001, 1), most)
    for now, key in enumerate(keys):
        buckets.take(key, now * 1e-6)
        assert len(buckets) <= most
        assert buckets.take(key, now * 1e-6) > 0


@given(failures=st.lists(st.floats(0, 5), max_size=60))
def test_failures_cost_ever_more_up_to_the_longest(failures: list[float]) -> None:
    """The wait after a failure never shrinks while failures go on, begins after the free ones, and is bounded."""
    policy = LoginPolicy()
    logins, now, before = FailedLogins(policy), 0.0, 0.0
    for number, pause in enumerate(failures, 1):
        now += pause
        logins.failed("a", now)
        wait = logins.wait("a", now)
        assert before - 1e-6 <= wait <= policy.longest + 1e-6
        assert (wait > 0) == (number > policy.free)
        assert logins.wait("a", now + wait) == pytest.approx(0, abs=1e-6)
        before = wait
    assert logins.wait("b", now) == 0


def test_failures_are_forgiven_after_a_while() -> None:
    """After ten quiet minutes the next failure is the first again."""
    logins = FailedLogins(LoginPolicy(free=1))
    for _ in range(5):
        logins.failed("a", 0)
    assert logins.wait("a", 0) == 8
    logins.failed("a", 600)
    assert logins.wait("a", 600) == 0


def test_a_scan_from_many_addresses_stays_within_bounds() -> None:
    """No more addresses than the policy says are remembered, and waits of a million failures do not overflow."""
    logins = FailedLogins(LoginPolicy(most=5))
    for number in range(100):
        logins.failed(f"192.0.2.{number}", number)
    assert len(logins) == 5
    for _ in range(2000):
        logins.failed("a", 0)
    assert logins.wait("a", 0) == 60
