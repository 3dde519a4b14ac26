"""The circuit breaker."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.engines.scheduling.breaker import Breaker, BreakerConfig, BreakerState

CONFIG = BreakerConfig()
LEGAL = {
    (BreakerState.CLOSED, BreakerState.OPEN),
    (BreakerState.OPEN, BreakerState.HALF_OPEN),
    (BreakerState.HALF_OPEN, BreakerState.OPEN),
    (BreakerState.HALF_OPEN, BreakerState.CLOSED),
}


class NoChance(random.Random):
    """Draws the upper end, so that pauses are as configured."""

    def uniform(self, a: float, b: float) -> float:
        """Returns `b`."""
        return b


def opened(now: float = 0.0) -> Breaker:
    """Returns a breaker that failures have just opened."""
    breaker = Breaker(CONFIG, NoChance())
    for _ in range(5):
        breaker.failed(now, breaker.started())
    assert breaker.state is BreakerState.OPEN
    return breaker


def test_a_few_failures_open_nothing() -> None:
    """Below the least number of answers, or with most of them good, calls go on."""
    breaker = Breaker(CONFIG, NoChance())
    for _ in range(4):
        breaker.failed(0.0, breaker.started())
    for _ in range(5):
        breaker.succeeded(0.1, breaker.started())
    for _ in range(3):
        breaker.passed(breaker.started())
    assert breaker.state is BreakerState.CLOSED


def test_old_failures_are_forgotten() -> None:
    """Failures of more than ten seconds ago do not count when calls have succeeded since."""
    breaker = Breaker(CONFIG, NoChance())
    for _ in range(4):
        breaker.failed(0.0, breaker.started())
    for _ in range(3):
        breaker.succeeded(12.0, breaker.started())
    breaker.failed(12.5, breaker.started())
    assert breaker.state is BreakerState.CLOSED


def test_rare_calls_that_all_fail_open_it_however_old_they_are() -> None:
    """Throttled down to a call in four seconds, five failures in a row are an outage all the same."""
    breaker = Breaker(CONFIG, NoChance())
    breaker.succeeded(0.0, breaker.started())
    states = []
    for second in (4.0, 8.0, 12.0, 16.0, 20.0):
        breaker.failed(second, breaker.started())
        states.append(breaker.state)
    assert states == [*[BreakerState.CLOSED] * 4, BreakerState.OPEN]


def test_an_open_breaker_probes_one_call_at_a_time() -> None:
    """After its pause a single call is let through, and the next only when that one has ended."""
    breaker = opened()
    assert breaker.ready_at(0.5) == 1.0
    period = breaker.started()
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.ready_at(1.0) == float("inf")
    breaker.passed(period)
    assert breaker.ready_at(1.2) == 1.2


def test_three_good_probes_close_it() -> None:
    """Three probes in a row that succeed end the outage; the last of them says so."""
    breaker = opened()
    assert [breaker.succeeded(2.0, breaker.started()) for _ in range(3)] == [False, False, True]
    assert breaker.state is BreakerState.CLOSED


def test_failed_probes_double_the_pause_up_to_a_limit() -> None:
    """Each failed probe doubles the pause until it is as long as it gets, and success makes it short again."""
    breaker, now, pauses = opened(), 0.0, list[float]()
    for _ in range(5):
        ready = breaker.ready_at(now)
        pauses.append(ready - now)
        now = ready
        breaker.failed(now, breaker.started())
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0]
    now = breaker.ready_at(now)
    for _ in range(3):
        breaker.succeeded(now, breaker.started())
    for _ in range(5):
        breaker.failed(now, breaker.started())
    assert breaker.ready_at(now) == now + 1.0


def test_answers_of_earlier_periods_say_nothing() -> None:
    """Calls that began before the outage neither count as probes nor free a probe's place."""
    breaker = Breaker(CONFIG, NoChance())
    early = [breaker.started() for _ in range(10)]
    for period in early[:5]:
        breaker.failed(0.0, period)
    breaker.started()
    for period in early[5:]:
        assert not breaker.succeeded(1.0, period)
    assert breaker.state is BreakerState.HALF_OPEN
    assert breaker.ready_at(1.0) == float("inf")


@settings(deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.tuples(st.sampled_from(["start", "start", "ok", "fail", "pass"]), st.floats(0.0, 3.0)), max_size=150),
)
def test_only_legal_transitions_happen(seed: int, actions: list[tuple[str, float]]) -> None:
    """In any history the states follow each other as declared, and no more probes run than allowed."""
    breaker, now, running = Breaker(CONFIG, random.Random(seed)), 0.0, list[tuple[int, bool]]()
    for action, pause in actions:
        before = breaker.state
        now += pause
        match action:
            case "start" if breaker.ready_at(now) <= now:
                period = breaker.started()
                running.append((period, breaker.state is BreakerState.HALF_OPEN))
            case "ok" if running:
                breaker.succeeded(now, running.pop(0)[0])
            case "fail" if running:
                breaker.failed(now, running.pop(0)[0])
            case "pass" if running:
                breaker.passed(running.pop(0)[0])
        assert breaker.state is before or (before, breaker.state) in LEGAL
        assert now <= breaker.opens_at(now) <= now + CONFIG.longest_pause
        if breaker.state is BreakerState.HALF_OPEN:
            current = max(period for period, _ in running) if running else None
            assert sum(1 for period, probe in running if probe and period == current) <= CONFIG.probes
