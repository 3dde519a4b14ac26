"""The planner's decisions on requests that meet no trouble but a short quota, a near deadline or a full room."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.types import CallOutcome, Ending, QueueFull
from portero_server.errors import Expired
from tests.support.server.planning import CONFIG, SEARCH, TEXT, at, codes, numbers, planner_of, visitor


def test_a_call_starts_at_once_when_nothing_is_in_its_way() -> None:
    """With quota left a request becomes a call in the next plan, and its end is delivered."""
    planner = planner_of()
    number = planner.submit(SEARCH, visitor(), at(0.0))
    plan = planner.plan(at(0.0))
    assert [(start.number, start.operation, start.waited, start.attempt) for start in plan.starts] == [
        (number, SEARCH, 0.0, 1)
    ]
    assert planner.finished(number, CallOutcome.ANSWERED, at(0.15)) is Ending.DELIVER
    assert planner.plan(at(0.15)).wake_at is None


def test_operations_have_quotas_of_their_own() -> None:
    """A backlog of searches does not delay a text reading."""
    planner = planner_of()
    for _ in range(10):
        planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    text = planner.submit(TEXT, visitor(), at(0.01))
    assert text in numbers(planner.plan(at(0.01)))


def test_the_plan_says_when_to_look_again() -> None:
    """With calls waiting for quota, the wake-up time is the one at which the next may start."""
    planner = planner_of()
    for _ in range(4):
        planner.submit(SEARCH, visitor(), at(0.0))
    plan = planner.plan(at(0.0))
    assert plan.wake_at is not None
    assert len(plan.starts) == 1
    assert not planner.plan(at(plan.wake_at - 0.01)).starts
    assert len(planner.plan(at(plan.wake_at + 1e-6)).starts) == 1


def test_what_cannot_be_answered_in_time_is_refused_at_once() -> None:
    """A deadline nearer than the operation's latency is expired without a call."""
    planner = planner_of()
    number = planner.submit(SEARCH, visitor(deadline=0.1), at(0.0))
    plan = planner.plan(at(0.0))
    assert not plan.starts
    assert codes(plan) == {number: "EXPIRED"}


def test_waiting_too_long_is_told_as_soon_as_it_is_certain() -> None:
    """A request still waiting when a call could no longer be answered in time is expired then, not at its deadline."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 1.0}))
    planner.submit(SEARCH, visitor(), at(0.0))
    second = planner.submit(SEARCH, visitor(deadline=0.9), at(0.0))
    plan = planner.plan(at(0.0))
    assert plan.wake_at == pytest.approx(0.9 - CONFIG.latency.assumed)
    assert codes(planner.plan(at(0.71))) == {second: "EXPIRED"}


def test_the_learned_latency_decides_what_is_too_late() -> None:
    """Once answers take a second, a deadline in half a second is refused, and after a quiet minute tried again."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 50.0}))
    for second in range(0, 60, 2):
        number = planner.submit(SEARCH, visitor(), at(float(second)))
        planner.plan(at(float(second)))
        planner.finished(number, CallOutcome.ANSWERED, at(second + 1.0))
    number = planner.submit(SEARCH, visitor(deadline=60.5), at(60.0))
    assert codes(planner.plan(at(60.0))) == {number: "EXPIRED"}
    number = planner.submit(SEARCH, visitor(deadline=120.5), at(120.0))
    assert numbers(planner.plan(at(120.0))) == [number]


def test_an_answer_after_the_deadline_is_not_delivered() -> None:
    """A caller is told at the deadline that its running call is too late; the call's end is then nobody's."""
    planner = planner_of()
    number = planner.submit(SEARCH, visitor(deadline=1.0), at(0.0))
    assert planner.plan(at(0.0)).wake_at == pytest.approx(1.0)
    assert codes(planner.plan(at(1.0))) == {number: "EXPIRED"}
    assert planner.finished(number, CallOutcome.ANSWERED, at(1.1)) is Ending.NOBODY


def test_an_answer_that_comes_in_late_together_with_its_timer_is_not_delivered() -> None:
    """When the end of the call is told before anybody planned at the deadline, the answer still counts as late."""
    planner = planner_of()
    number = planner.submit(SEARCH, visitor(deadline=1.0), at(0.0))
    planner.plan(at(0.0))
    assert planner.finished(number, CallOutcome.ANSWERED, at(1.001)) is Ending.NOBODY
    assert codes(planner.plan(at(1.001))) == {number: "EXPIRED"}


def test_an_answer_after_the_deadline_is_delivered_where_it_is_of_use() -> None:
    """A caller that keeps late answers gets that of its running call; no call is begun, or repeated, too late."""
    planner = planner_of()
    context = replace(visitor(deadline=1.0), keeps_late=True)
    number, failing = planner.submit(SEARCH, context, at(0.0)), planner.submit(SEARCH, context, at(0.0))
    assert numbers(planner.plan(at(0.0))) + numbers(planner.plan(at(0.2))) == [number, failing]
    assert not planner.plan(at(1.5)).refusals
    assert planner.finished(number, CallOutcome.ANSWERED, at(1.6)) is Ending.DELIVER
    assert planner.finished(failing, CallOutcome.FAILED, at(1.6)) is Ending.DELIVER
    late = planner.submit(SEARCH, replace(visitor(deadline=1.7), keeps_late=True), at(1.6))
    assert codes(planner.plan(at(1.8))) == {late: "EXPIRED"}


def test_nobody_waits_without_end() -> None:
    """A request without a deadline is given the longest wait as one."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 0.01}))
    planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    second = planner.submit(SEARCH, visitor(), at(0.0))
    assert codes(planner.plan(at(30.0)))[second] == "EXPIRED"


def test_a_full_room_drops_the_oldest_of_the_lowest_lane() -> None:
    """A newcomer of the same or a higher lane takes the place of the oldest of the lowest lane, who is told."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 0.01}, queue_limit=3))
    planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    planner.submit(SEARCH, visitor("a"), at(0.1))
    oldest = planner.submit(SEARCH, CallContext("b", Lane.ATTENDANCE), at(0.1))
    newer = planner.submit(SEARCH, CallContext("c", Lane.ATTENDANCE), at(0.1))
    planner.submit(SEARCH, CallContext("d", Lane.CHECK_IN), at(0.2))
    last = planner.submit(SEARCH, CallContext("e", Lane.ATTENDANCE), at(0.2))
    plan = planner.plan(at(0.2))
    assert codes(plan) == {oldest: "QUEUE_FULL", newer: "QUEUE_FULL"}
    assert isinstance(plan.refusals[0].error, QueueFull)
    assert plan.refusals[0].error.retry_after == 1.0
    assert last not in codes(plan)


def test_the_dead_do_not_take_the_place_of_the_living() -> None:
    """When the room is full of a request that is too late by now, that one goes and nobody is dropped."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 0.01}, queue_limit=2))
    planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    planner.submit(SEARCH, visitor(deadline=20.0), at(0.0))
    overdue = planner.submit(SEARCH, visitor(deadline=1.0), at(0.0))
    planner.submit(SEARCH, visitor(deadline=20.0), at(2.0))
    assert codes(planner.plan(at(2.0))) == {overdue: "EXPIRED"}


def test_a_full_room_refuses_a_newcomer_below_all_who_wait() -> None:
    """When only higher lanes wait, the newcomer is the one to go."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 0.01}, queue_limit=1))
    planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    planner.submit(SEARCH, visitor(), at(0.1))
    late = planner.submit(SEARCH, CallContext("school", Lane.ATTENDANCE), at(0.1))
    assert codes(planner.plan(at(0.1))) == {late: "QUEUE_FULL"}


def test_a_cancelled_request_frees_its_place() -> None:
    """Who goes away while waiting is neither called for nor told, and whoever is next moves up."""
    planner = planner_of(replace(CONFIG, queue_limit=2))
    first, second = (planner.submit(SEARCH, visitor(), at(0.0)) for _ in range(2))
    planner.cancel(first)
    third = planner.submit(SEARCH, visitor(), at(0.0))
    plan = planner.plan(at(0.0))
    assert numbers(plan) == [second]
    assert not plan.refusals
    assert numbers(planner.plan(at(0.3))) == [third]


def test_the_end_of_a_cancelled_call_is_nobody_s() -> None:
    """A caller gone while its call runs is not told, and a failure is not tried again for it."""
    planner = planner_of()
    number = planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    planner.cancel(number)
    assert planner.finished(number, CallOutcome.FAILED, at(0.1)) is Ending.NOBODY
    assert planner.plan(at(5.0)).starts == ()


def test_one_slow_operation_leaves_places_for_others() -> None:
    """An operation whose calls hang takes its share of the places and no more."""
    planner = planner_of(SchedulerConfig(quotas={SEARCH: 100.0, TEXT: 100.0}, running_limit=8))
    for _ in range(20):
        planner.submit(SEARCH, visitor(), at(0.0))
    started = sum(len(planner.plan(at(tenth / 10)).starts) for tenth in range(20))
    assert started == 6
    text = planner.submit(TEXT, visitor(), at(2.0))
    assert numbers(planner.plan(at(2.0))) == [text]


def test_expired_names_its_operation() -> None:
    """The caller reads which operation was too late."""
    planner = planner_of()
    planner.submit(SEARCH, visitor(deadline=-1.0), at(0.0))
    error = planner.plan(at(0.0)).refusals[0].error
    assert isinstance(error, Expired)
    assert SEARCH in error.message
