"""When an issuer's keys are fetched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.access.issuer_keys import FetchPlan, FetchPolicy


@given(asks=st.lists(st.tuples(st.floats(0, 20), st.booleans(), st.booleans()), max_size=200))
def test_attempts_are_never_nearer_than_the_interval(asks: list[tuple[float, bool, bool]]) -> None:
    """Whoever asks for what, and whether fetches succeed or not, two attempts are an interval apart."""
    policy = FetchPolicy(interval=30, age=100)
    plan, now, attempts = FetchPlan(policy), 0.0, [-policy.interval]
    for pause, known, works in asks:
        now += pause
        if plan.due(now, known=known and plan.have):
            plan.tried(now)
            assert now - attempts[-1] >= policy.interval
            attempts.append(now)
            if works:
                plan.fetched(now)
        elif not (known and plan.have):
            assert now - attempts[-1] < policy.interval


def test_known_keys_are_fetched_again_when_they_are_old() -> None:
    """A key that is known causes a fetch only when what is known has reached its age."""
    plan = FetchPlan(FetchPolicy(interval=30, age=600))
    assert plan.due(0, known=False)
    plan.tried(0)
    plan.fetched(0)
    assert not plan.due(599, known=True)
    assert plan.due(600, known=True)
    assert plan.have
