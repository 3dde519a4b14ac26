"""What one bridge is asked for in all, and the Directives that say so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.steering.plan import LONGEST_PAUSE, SteeringPlan
from portero_server.domain.steering.policy import NOTHING_ASKED, UNLIMITED_RATE, SteeringCause, SteeringPolicy
from portero_server.domain.steering.rates import StreamLoad
from portero_server.domain.streams.messages import Directive

_POLICY = SteeringPolicy(visits=1)
_CALM = StreamLoad(waiting=0.0, starved=False, rate=10.0, following=False)
_HARD = _CALM._replace(waiting=9.0)


def _plan(*, live: bool = True, policy: SteeringPolicy = _POLICY) -> SteeringPlan:
    return SteeringPlan(policy, 0.0, live=live)


def test_a_directive_says_what_is_new_once() -> None:
    """What was asked for is not repeated, and what is lifted is lifted with a high rate."""
    plan = _plan()
    assert plan.decide(_CALM, 30.0, closed=0, spent=0) == Directive(max_rate=2.0)
    assert plan.decide(_CALM, 31.0, closed=0, spent=0) is None
    assert plan.asked(31.0).causes == (SteeringCause.IDLE,)
    assert plan.looked_at(changed=False, side=640, widths=(), now=32.0) is None
    assert plan.looked_at(changed=True, side=640, widths=(), now=33.0) == Directive(max_rate=UNLIMITED_RATE)
    assert plan.asked(33.0) == NOTHING_ASKED


def test_an_idle_overloaded_stream_gets_the_lower_rate() -> None:
    """Two causes at once ask for the less of both, and the one that is left is asked for alone."""
    plan = _plan()
    assert plan.decide(_HARD, 0.0, closed=0, spent=0) is None
    assert plan.decide(_HARD, 1.0, closed=0, spent=0) == Directive(max_rate=5.0)
    assert plan.decide(_HARD, 30.0, closed=0, spent=0) == Directive(max_rate=2.0)
    assert plan.asked(30.0).causes == (SteeringCause.OVERLOADED, SteeringCause.IDLE)
    assert plan.looked_at(changed=True, side=640, widths=(), now=31.0) == Directive(max_rate=2.5)


def test_large_faces_ask_for_a_side_and_lifting_it_asks_for_the_largest() -> None:
    """A size is asked for in pixels, and lifted by the longest side that the server takes."""
    plan = _plan()
    assert plan.looked_at(changed=True, side=1920, widths=[480.0], now=1.0) == Directive(max_side=640)
    assert plan.asked(1.0).causes == (SteeringCause.LARGE_FACES,)
    assert plan.looked_at(changed=True, side=640, widths=[90.0], now=2.0) == Directive(max_side=4096)


def test_a_closed_place_pauses_until_it_opens() -> None:
    """A pause is asked for as long as the place is closed, an hour at a time, and renewed before it ends."""
    plan = _plan()
    closed = 10_000.0
    pauses = []
    for now in range(10_010):
        wanted = plan.decide(_CALM, float(now), closed=max(0.0, closed - now), spent=0)
        if wanted is not None and wanted.pause is not None:
            pauses.append((now, wanted.pause))
        if now < 9_999:
            assert plan.asked(float(now)).causes[-1] is SteeringCause.CLOSED
    assert [pause for _, pause in pauses] == [LONGEST_PAUSE, LONGEST_PAUSE, 10_000.0 - pauses[2][0]]
    assert plan.asked(10_010.0).pause is None


def test_a_pause_ends_early_when_its_cause_is_gone() -> None:
    """When money or opening hours come back before the pause is over, it is ended with a pause of 0."""
    plan = _plan()
    assert plan.decide(_CALM, 1.0, closed=0, spent=500.0) == Directive(pause=500.0)
    assert plan.asked(2.0).causes == (SteeringCause.BUDGET_SPENT,)
    assert plan.decide(_CALM, 3.0, closed=0, spent=0) == Directive(pause=0.0)
    assert plan.asked(3.0) == NOTHING_ASKED
    assert plan.decide(_CALM, 4.0, closed=0, spent=0) is None


def test_lossless_streams_are_paused_out_of_hours_only() -> None:
    """Each frame of a LOSSLESS stream matters: neither load, nor idleness, nor money takes one away."""
    plan = _plan(live=False)
    assert plan.decide(_HARD, 90.0, closed=0, spent=500.0) is None
    assert plan.decide(_HARD, 100.0, closed=0, spent=500.0) is None
    assert plan.decide(_CALM, 200.0, closed=0, spent=0) is None
    assert plan.decide(_CALM, 300.0, closed=60.0, spent=0) == Directive(pause=60.0)


def test_a_spent_budget_need_not_pause() -> None:
    """An operator may prefer strangers' visits to none."""
    plan = _plan(policy=SteeringPolicy(pause_when_spent=False))
    assert plan.decide(_CALM, 1.0, closed=0, spent=500.0) is None


_EVENTS = st.lists(
    st.tuples(
        st.floats(0.1, 400),
        st.booleans(),
        st.booleans(),
        st.sampled_from([0.0, 0.0, 30.0, 5000.0]),
        st.sampled_from([0.0, 0.0, 700.0]),
        st.lists(st.floats(10, 900), max_size=2),
    ),
    max_size=40,
)


@given(events=_EVENTS, live=st.booleans())
def test_the_bridge_and_the_plan_agree(
    events: list[tuple[float, bool, bool, float, float, list[float]]], live: bool
) -> None:
    """A bridge that only hears Directives limits itself as the plan says, and to nothing in the end."""
    plan, now = _plan(live=live), 0.0
    heard: dict[str, float] = {"max_rate": UNLIMITED_RATE, "max_side": 4096, "paused_until": 0.0}

    def hear(wanted: Directive | None) -> None:
        if wanted is None:
            return
        assert wanted != Directive()
        if wanted.max_rate is not None:
            heard["max_rate"] = wanted.max_rate
        if wanted.max_side is not None:
            heard["max_side"] = wanted.max_side
        if wanted.pause is not None:
            heard["paused_until"] = now + wanted.pause

    for seconds, hard, changes, closed, spent, widths in events:
        now += seconds
        hear(plan.looked_at(changed=changes, side=1920, widths=widths, now=now))
        hear(plan.decide(_HARD if hard else _CALM, now, closed=closed, spent=spent))
        asked = plan.asked(now)
        assert heard["max_rate"] == (asked.max_rate or UNLIMITED_RATE)
        assert heard["max_side"] == (asked.max_side or 4096)
        assert max(0.0, heard["paused_until"] - now) == (asked.pause or 0.0)
        assert bool(asked.causes) == (asked != NOTHING_ASKED)
        if closed or (live and spent):
            assert asked.pause is not None
    for _ in range(400):
        now += 10.0
        hear(plan.looked_at(changed=True, side=1920, widths=(), now=now))
        hear(plan.decide(_CALM, now, closed=0, spent=0))
    assert plan.asked(now) == NOTHING_ASKED
    assert (heard["max_rate"], heard["max_side"]) == (UNLIMITED_RATE, 4096)
    assert heard["paused_until"] <= now
