"""Pacing: never above quota, less when throttled, slowly back."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.engines.scheduling.quota import Quota, QuotaConfig

CONFIG = QuotaConfig()


def starts_until(quota: Quota, end: float, now: float = 0.0) -> list[float]:
    """Starts calls as fast as they are allowed and gives their times."""
    starts = []
    while (now := quota.ready_at(now)) < end:
        quota.started(now)
        starts.append(now)
    return starts


def most_in_a_second(times: list[float]) -> int:
    """Returns the largest number of times within any second, both ends included."""
    return max((sum(1 for other in times if 0 <= other - time <= 1.0) for time in times), default=0)


@pytest.mark.parametrize("per_second", [1.0, 5.0, 50.0, 100.0])
def test_the_whole_quota_is_used_and_no_more(per_second: float) -> None:
    """Flat out, at least nine tenths of the quota are started, and never more than the quota in a second."""
    starts = starts_until(Quota(per_second, CONFIG, 0.0), 20.0)
    assert most_in_a_second(starts) <= per_second
    assert len(starts) >= 0.9 * per_second * 20


def test_quotas_below_one_a_second_are_kept() -> None:
    """A quota of one call in four seconds starts one call in four seconds."""
    starts = starts_until(Quota(0.25, CONFIG, 0.0), 40.0)
    assert len(starts) in (9, 10)
    assert min(later - earlier for earlier, later in itertools.pairwise(starts)) >= 4.0


def test_a_burst_leaves_room_for_whoever_comes_next() -> None:
    """After a pause only part of the quota starts at once, so that a later check-in waits less than half a second."""
    quota = Quota(5.0, CONFIG, 0.0)
    starts = starts_until(quota, 10.0)
    assert starts.count(0.0) < 5
    assert max(later - earlier for earlier, later in itertools.pairwise(starts)) < 0.5


def test_calls_thrown_together_are_one_throttling() -> None:
    """Several calls under way throttled at once halve the rate once, a later one halves it again."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    for started in (0.8, 0.9, 0.95):
        quota.throttled(1.0, started)
    assert quota.rate == pytest.approx(full / 2)
    quota.throttled(1.5, 1.2)
    assert quota.rate == pytest.approx(full / 4)


def test_the_rate_has_a_floor() -> None:
    """However much is throttled, a twentieth of the quota is still tried, or nobody would ever see the end of it."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    for second in range(20):
        quota.throttled(second + 1.0, second + 0.5)
    assert quota.rate == pytest.approx(0.05 * full)


def test_success_brings_the_rate_back_in_equal_steps() -> None:
    """A twentieth of the quota is won back a second, at any number of successes a second."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    quota.throttled(1.0, 0.5)
    for tenth in range(1, 41):
        quota.succeeded(1.0 + tenth / 10)
    assert quota.rate == pytest.approx(0.7 * full)
    for second in range(20):
        quota.succeeded(10.0 + second)
    assert quota.rate == full


@pytest.mark.parametrize("per_second", [5.0, 50.0])
def test_a_storm_is_forgotten_within_half_a_minute(per_second: float) -> None:
    """From the floor, calls that all succeed have the full rate back within twenty seconds."""
    quota = Quota(per_second, CONFIG, 0.0)
    full = quota.rate
    for second in range(20):
        quota.throttled(second + 1.0, second + 0.5)
    assert quota.rate == pytest.approx(0.05 * full)
    now = 20.0
    while quota.rate < full:
        now = quota.ready_at(now)
        quota.started(now)
        quota.succeeded(now + 0.15)
    assert now <= 40.0


def test_whoever_shares_the_account_does_not_rush_back() -> None:
    """Where throttling comes again within five seconds of success, the rate grows by equal steps only."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    for second in range(20):
        quota.throttled(second + 1.0, second + 0.5)
    for second in range(1, 5):
        quota.succeeded(20.0 + second)
    assert quota.rate == pytest.approx(0.25 * full)
    quota.succeeded(25.0)
    assert quota.rate == pytest.approx(0.5 * full)
    quota.succeeded(26.0)
    assert quota.rate == pytest.approx(0.55 * full)


def test_an_idle_hour_earns_nothing() -> None:
    """One success after a long silence raises the rate by one second's worth."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    quota.throttled(1.0, 0.5)
    quota.succeeded(3600.0)
    assert quota.rate == pytest.approx(0.55 * full)


def test_an_outage_is_followed_by_a_slow_start() -> None:
    """After an outage calls begin at a fifth of the quota, one at a time, be it more or less than before."""
    quota = Quota(50.0, CONFIG, 0.0)
    full = quota.rate
    quota.restart(50.0)
    assert quota.rate == pytest.approx(0.2 * full)
    for second in range(20):
        quota.throttled(second + 51.0, second + 50.5)
    quota.restart(100.0)
    assert quota.rate == pytest.approx(0.2 * full)
    assert len(starts_until(quota, 101.0, 100.0)) <= 10


@settings(deadline=None)
@given(
    per_second=st.sampled_from([0.5, 1.0, 2.0, 5.0, 7.5, 20.0]),
    actions=st.lists(
        st.tuples(st.sampled_from(["start", "start", "start", "ok", "throttled", "restart"]), st.floats(0.0, 2.0)),
        max_size=120,
    ),
)
def test_no_history_passes_the_quota(per_second: float, actions: list[tuple[str, float]]) -> None:
    """Whatever succeeds, is throttled or pauses, no second ever sees more starts than the quota."""
    quota, now, starts = Quota(per_second, CONFIG, 0.0), 0.0, list[float]()
    full = quota.rate
    for action, pause in actions:
        match action:
            case "start":
                if (ready := quota.ready_at(now)) <= now + pause:
                    now = ready
                    quota.started(now)
                    starts.append(now)
            case "ok":
                now += pause
                quota.succeeded(now)
            case "throttled":
                now += pause
                quota.throttled(now, now - pause)
            case "restart":
                quota.restart(now)
        assert 0 < quota.rate <= full <= per_second
    assert most_in_a_second(starts) <= max(1.0, per_second)
