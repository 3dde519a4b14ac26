"""The rate that live bridges are asked for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.steering.policy import SteeringPolicy
from portero_server.domain.steering.rates import RatePlan, StreamLoad

_POLICY = SteeringPolicy()
_CALM = StreamLoad(waiting=0.0, starved=False, rate=10.0, following=False)
_HARD = StreamLoad(waiting=3.0, starved=False, rate=10.0, following=False)


def _wanted(plan: RatePlan) -> float | None:
    return plan.wanted


def _through(plan: RatePlan, load: StreamLoad, seconds: float, now: float) -> float:
    """Decides twice a second for so long with the same load, and something changing before the camera."""
    for _ in range(round(seconds * 2)):
        now += 0.5
        plan.changed(now)
        plan.decide(load, now)
    return now


def test_frames_that_wait_halve_the_rate() -> None:
    """An overloaded stream is halved when it stays so, and again only after the hold, down to the floor."""
    plan = RatePlan(_POLICY, 0.0)
    now = _through(plan, _HARD, 1.0, 0.0)
    assert _wanted(plan) is None
    now = _through(plan, _HARD, 0.5, now)
    assert _wanted(plan) == 5.0
    now = _through(plan, _HARD, 9.0, now)
    assert _wanted(plan) == 5.0
    now = _through(plan, _HARD, 1.0, now)
    assert _wanted(plan) == 2.5
    _through(plan, _HARD, 60.0, now)
    assert _wanted(plan) == _POLICY.min_rate


def test_the_rate_returns_step_by_step() -> None:
    """A stream without trouble is raised by half after each hold, until nothing limits it."""
    plan = RatePlan(_POLICY, 0.0)
    now = _through(plan, _HARD, 1.5, 0.0)
    seen = []
    for _ in range(3):
        now = _through(plan, _CALM, 10.5, now)
        seen.append(_wanted(plan))
    assert seen == [7.5, None, None]


def test_missing_credit_must_last() -> None:
    """A bridge without credit at one moment is not slowed; one that has none for the limit is."""
    plan = RatePlan(_POLICY, 0.0)
    starved = _CALM._replace(starved=True)
    now = _through(plan, starved, 1.0, 0.0)
    assert _wanted(plan) is None
    now = _through(plan, _CALM, 0.5, now)
    now = _through(plan, starved, 1.0, now)
    assert _wanted(plan) is None
    _through(plan, starved, 0.5, now)
    assert _wanted(plan) == 5.0


def test_a_slow_stream_is_left_alone() -> None:
    """A stream at or below the floor is not slowed further, nor one that sends nothing."""
    plan = RatePlan(_POLICY, 0.0)
    _through(plan, _HARD._replace(rate=1.0), 30.0, 0.0)
    assert _wanted(plan) is None
    _through(plan, _HARD._replace(rate=0.0), 30.0, 30.0)
    assert _wanted(plan) is None


def test_an_idle_camera_is_slowed_until_something_changes() -> None:
    """Nothing changed for the time asks for the idle rate; the first change asks for the full one at once."""
    plan = RatePlan(_POLICY, 0.0)
    plan.decide(_CALM, 29.9)
    assert _wanted(plan) is None
    plan.decide(_CALM, 30.0)
    assert _wanted(plan) == 2.0
    plan.decide(_CALM._replace(rate=2.0), 90.0)
    assert _wanted(plan) == 2.0
    plan.changed(90.1)
    assert _wanted(plan) is None


def test_a_camera_that_shows_somebody_is_not_idle() -> None:
    """A face that is followed keeps the rate, however still it stands."""
    plan = RatePlan(_POLICY, 0.0)
    for now in range(100):
        plan.decide(_CALM._replace(following=True), float(now))
    assert _wanted(plan) is None


def test_a_camera_at_the_idle_rate_is_not_asked() -> None:
    """A stream that is hardly faster than the idle rate, or sends nothing, is not asked for it."""
    plan = RatePlan(_POLICY, 0.0)
    for rate in (0.0, 1.0, 2.0, 2.3):
        plan.decide(_CALM._replace(rate=rate), 100.0)
    assert _wanted(plan) is None


_LOADS = st.builds(
    StreamLoad,
    waiting=st.sampled_from([0.0, 0.1, 0.5, 1.5, 6.0]),
    starved=st.booleans(),
    rate=st.floats(0, 120),
    following=st.booleans(),
)
_STEPS = st.lists(st.tuples(st.floats(0.01, 20), _LOADS, st.booleans()), max_size=60)


@given(steps=_STEPS)
def test_no_order_of_loads_makes_the_rate_flap(steps: list[tuple[float, StreamLoad, bool]]) -> None:
    """The limit keeps the hold and the floor, idleness keeps its time, and both end when their cause is gone."""
    plan, now = RatePlan(_POLICY, 0.0), 0.0
    moved, idled = [], []
    for seconds, load, changes in steps:
        now += seconds
        before = plan.limit, plan.idle
        if changes:
            plan.changed(now)
            assert not plan.idle
        plan.decide(load, now)
        if plan.limit != before[0]:
            moved.append(now)
        if plan.idle and not before[1]:
            idled.append(now)
        wanted = _wanted(plan)
        assert wanted is None or wanted >= min(_POLICY.min_rate, _POLICY.idle_rate)
        assert not (plan.idle and load.following)
    for times, least in ((moved, _POLICY.hold), (idled, _POLICY.idle_after)):
        assert all(later - earlier >= least for earlier, later in pairwise(times))
    _through(plan, _CALM._replace(rate=1.0), 20 * _POLICY.hold, now)
    assert _wanted(plan) is None
