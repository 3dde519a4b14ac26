"""Learning how long calls take."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.engines.scheduling.latency import Latency, LatencyConfig

CONFIG = LatencyConfig()


def test_before_the_first_answer_a_latency_is_assumed() -> None:
    """Nothing learned yet, the configured latency is expected."""
    assert Latency(CONFIG).estimate(0.0) == CONFIG.assumed


def test_a_steady_latency_is_learned() -> None:
    """After many answers of the same latency that one is expected, higher or lower than assumed."""
    for seconds in (0.05, 0.6):
        latency = Latency(CONFIG)
        for number in range(60):
            latency.learn(seconds, float(number))
        assert latency.estimate(59.0) == pytest.approx(seconds, rel=0.01)


def test_an_unsteady_latency_is_expected_to_be_longer() -> None:
    """Scattered answers are expected to take longer than their mean."""
    latency = Latency(CONFIG)
    for number in range(100):
        latency.learn(0.1 if number % 2 else 0.3, float(number))
    assert 0.22 < latency.estimate(99.0) < 0.4


def test_a_slow_hour_does_not_lock_requests_out_for_ever() -> None:
    """A high estimate fades while nothing is asked, so that somebody asks again."""
    latency = Latency(CONFIG)
    for number in range(60):
        latency.learn(6.0, float(number))
    assert latency.estimate(59.0) > 5.0
    assert latency.estimate(59.0 + 60.0) < 0.5


def test_one_slow_answer_locks_nobody_out_for_longer_than_a_visit() -> None:
    """Three seconds after a single answer of eight, one within the decision deadline of two is expected again."""
    latency = Latency(CONFIG)
    for number in range(60):
        latency.learn(0.15, float(number))
    latency.learn(8.0, 60.0)
    assert latency.estimate(60.0) > 2.0
    assert latency.estimate(63.0) < 2.0


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 10.0), min_size=1, max_size=50), st.floats(0.0, 1e6))
def test_estimates_stay_within_reason(samples: list[float], later: float) -> None:
    """An estimate is never below the fastest answer nor far above the slowest, and fades only toward the assumed."""
    latency = Latency(CONFIG)
    for number, seconds in enumerate(samples):
        latency.learn(seconds, float(number))
    last = float(len(samples) - 1)
    assert 0.999 * min(samples) <= latency.estimate(last) <= 2.001 * max(samples)
    low = min(latency.estimate(last), CONFIG.assumed)
    assert low - 1e-9 <= latency.estimate(last + later) <= latency.estimate(last) + 1e-9
