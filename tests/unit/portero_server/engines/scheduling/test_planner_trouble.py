"""The planner's decisions when calls fail and when money runs out."""

from __future__ import annotations

import random
from dataclasses import replace

from portero_server.domain.billing.budget import Budget, BudgetLimits, Step
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.breaker import BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.planner import Planner
from portero_server.engines.scheduling.retry import RetryConfig
from portero_server.engines.scheduling.types import BudgetSpent, CallOutcome, CircuitOpen, Ending
from tests.support.server.planning import CONFIG, SEARCH, TEXT, at, codes, numbers, planner_of, visitor


def test_a_failure_is_tried_again_within_the_deadline() -> None:
    """A failed call is repeated after a pause, and delivered as a failure when its attempts are used up."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 50.0}))
    first = planner.submit(SEARCH, visitor(deadline=10.0), at(0.0))
    planner.plan(at(0.0))
    now, endings = 0.0, []
    for _ in range(4):
        endings.append(planner.finished(first, CallOutcome.FAILED, at(now + 0.01)))
        wake = planner.plan(at(now + 0.01)).wake_at
        now = wake or now
        planner.plan(at(now))
    assert endings == [Ending.RETRY, Ending.RETRY, Ending.RETRY, Ending.DELIVER]


def test_a_call_tried_again_goes_before_its_camera_s_later_ones() -> None:
    """When both may go, the request that failed goes before the one that came after it."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 1.0}))
    first, second = (planner.submit(SEARCH, visitor(), at(0.0)) for _ in range(2))
    planner.plan(at(0.0))
    assert planner.finished(first, CallOutcome.FAILED, at(0.1)) is Ending.RETRY
    assert numbers(planner.plan(at(1.1))) == [first]
    assert numbers(planner.plan(at(2.2))) == [second]


def test_a_pause_leaves_time_for_the_call() -> None:
    """However long a pause is drawn, it ends when a call can still be answered in time."""
    for seed in range(50):
        planner = Planner(replace(CONFIG, quotas={SEARCH: 50.0}), random.Random(seed))
        number = planner.submit(SEARCH, visitor(deadline=0.3), at(0.0))
        planner.plan(at(0.0))
        assert planner.finished(number, CallOutcome.FAILED, at(0.0)) is Ending.RETRY
        assert numbers(planner.plan(at(0.06))) == [number]


def test_retries_have_a_budget_of_their_own() -> None:
    """With the saved-up retries used, failures are delivered although attempts are left."""
    config = replace(CONFIG, quotas={SEARCH: 50.0}, retry=RetryConfig(share=0.0, reserve=2.0))
    planner, endings = planner_of(config), []
    for second in range(3):
        request = planner.submit(SEARCH, visitor(deadline=second + 9.0), at(float(second)))
        planner.plan(at(float(second)))
        endings.append(planner.finished(request, CallOutcome.FAILED, at(second + 0.1)))
        planner.cancel(request)
    assert endings == [Ending.RETRY, Ending.RETRY, Ending.DELIVER]


def test_a_retry_never_overfills_the_room() -> None:
    """When others fill the room while a call runs, its failure is delivered."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 1.0}, queue_limit=1))
    first = planner.submit(SEARCH, visitor(), at(0.0))
    planner.plan(at(0.0))
    planner.submit(SEARCH, visitor(), at(0.05))
    assert planner.finished(first, CallOutcome.FAILED, at(0.1)) is Ending.DELIVER


def test_operations_take_turns_for_scarce_places() -> None:
    """With one place for all, two operations with backlogs are called in turn."""
    config = SchedulerConfig(quotas={SEARCH: 100.0, TEXT: 100.0}, running_limit=1)
    planner, called = planner_of(config), list[str]()
    for _ in range(5):
        planner.submit(SEARCH, visitor(), at(0.0))
        planner.submit(TEXT, visitor(), at(0.0))
    for tenth in range(6):
        (start,) = planner.plan(at(tenth / 10)).starts
        called.append(start.operation)
        planner.finished(start.number, CallOutcome.ANSWERED, at(tenth / 10 + 0.05))
    assert called == [SEARCH, TEXT] * 3


def test_what_cannot_succeed_is_not_tried_again() -> None:
    """An answer, a refusal of our credentials and a fault of ours are delivered as they are."""
    for outcome in (CallOutcome.ANSWERED, CallOutcome.DENIED, CallOutcome.LOST):
        planner = planner_of()
        number = planner.submit(SEARCH, visitor(), at(0.0))
        planner.plan(at(0.0))
        assert planner.finished(number, outcome, at(0.1)) is Ending.DELIVER


def test_an_outage_is_told_at_once_to_those_it_outlasts() -> None:
    """With the breaker open, who can wait for its end waits and is the probe, who cannot is told so."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 50.0}))
    now = 0.0
    for _ in range(5):
        number = planner.submit(SEARCH, visitor(deadline=now + 0.25), at(now))
        planner.plan(at(now))
        planner.finished(number, CallOutcome.FAILED, at(now + 0.1))
        now += 0.1
    assert [status.breaker for status in planner.plan(at(now)).statuses] == [BreakerState.OPEN]
    hasty = planner.submit(SEARCH, visitor(deadline=now + 0.5), at(now))
    patient = planner.submit(SEARCH, visitor(deadline=now + 9.0), at(now))
    plan = planner.plan(at(now))
    assert isinstance(plan.refusals[0].error, CircuitOpen)
    assert codes(plan) == {hasty: "ENGINE_CIRCUIT_OPEN"}
    assert plan.wake_at is not None
    probing = planner.plan(at(plan.wake_at))
    assert numbers(probing) == [patient]
    assert [status.breaker for status in probing.statuses] == [BreakerState.HALF_OPEN]


def test_a_throttled_probe_does_not_keep_the_breaker_waiting() -> None:
    """A probe that is throttled proves nothing, and another one is made."""
    planner = planner_of(replace(CONFIG, quotas={SEARCH: 50.0}))
    for _ in range(5):
        number = planner.submit(SEARCH, visitor(deadline=0.25), at(0.0))
        planner.plan(at(0.0))
        planner.finished(number, CallOutcome.FAILED, at(0.0))
        planner.cancel(number)
    probe, other = (planner.submit(SEARCH, visitor(), at(0.0)) for _ in range(2))
    assert numbers(planner.plan(at(1.0))) == [probe]
    assert planner.plan(at(1.5)).starts == ()
    planner.finished(probe, CallOutcome.THROTTLED, at(1.5))
    planner.cancel(probe)
    assert numbers(planner.plan(at(2.5))) == [other]


def steps_of(budget_calls: int, *, spent: int) -> tuple[Planner, Budget]:
    """Returns a planner whose budget holds some calls, of which some are spent."""
    budget = Budget(BudgetLimits(total=1000 * budget_calls), PriceTable(), UsageLedger(), "rekognition")
    for _ in range(spent):
        reservation = budget.admit(SEARCH, "other", at(0.0).utc, essential=True)
        assert reservation is not None
        budget.settle(reservation, at(0.0).utc, billed=True)
    return planner_of(replace(CONFIG, quotas={SEARCH: 50.0}), budget), budget


def test_a_spent_budget_makes_fewer_retries() -> None:
    """From fewer_retries on a failure is delivered and not repeated."""
    planner, budget = steps_of(100, spent=70)
    assert budget.step("door", at(0.0).utc) is Step.FEWER_RETRIES
    number = planner.submit(SEARCH, visitor(), at(0.0))
    assert [change.after for change in planner.plan(at(0.0)).steps] == [Step.FEWER_RETRIES]
    assert planner.finished(number, CallOutcome.FAILED, at(0.1)) is Ending.DELIVER


def test_a_spent_budget_makes_deadlines_longer_and_calls_rarer() -> None:
    """From longer_deadlines on a camera's calls are two seconds apart and wait for that, but not those of check-in."""
    planner, _ = steps_of(100, spent=85)
    desk = planner.submit(SEARCH, CallContext("door", Lane.CHECK_IN, 1.0), at(0.0))
    first = planner.submit(SEARCH, visitor(deadline=1.0), at(0.0))
    second = planner.submit(SEARCH, visitor(deadline=1.0), at(0.0))
    other_desk = planner.submit(SEARCH, CallContext("door", Lane.CHECK_IN, 1.0), at(0.0))
    assert set(numbers(planner.plan(at(0.0)))) == {desk, first, other_desk}
    assert planner.plan(at(1.9)).starts == ()
    assert numbers(planner.plan(at(2.0))) == [second]


def test_the_end_of_the_budget_is_told_with_its_step() -> None:
    """In local_only only check-in is called for, in stopped nobody; the refusal names the step."""
    planner, _ = steps_of(100, spent=95)
    refused = planner.submit(SEARCH, visitor(), at(0.0))
    essential = [planner.submit(SEARCH, CallContext("desk", Lane.CHECK_IN), at(0.0)) for _ in range(6)]
    plan = planner.plan(at(0.0))
    assert numbers(plan) == essential[:5]
    errors = {refusal.number: refusal.error for refusal in plan.refusals}
    assert set(errors) == {refused, essential[5]}
    assert all(isinstance(error, BudgetSpent) and error.step is Step.LOCAL_ONLY for error in errors.values())
    for number in essential[:5]:
        planner.finished(number, CallOutcome.ANSWERED, at(0.2))
    late = planner.submit(SEARCH, CallContext("desk", Lane.CHECK_IN), at(0.3))
    plan = planner.plan(at(0.3))
    assert codes(plan) == {late: "BUDGET_SPENT"}
    assert [change.after for change in plan.steps] == [Step.STOPPED]


def test_throttled_calls_cost_nothing() -> None:
    """The money set aside for a call that was throttled is there for the next."""
    planner, budget = steps_of(1, spent=0)
    number = planner.submit(SEARCH, CallContext("desk", Lane.CHECK_IN, 9.0), at(0.0))
    planner.plan(at(0.0))
    assert planner.finished(number, CallOutcome.THROTTLED, at(0.1)) is Ending.RETRY
    assert budget.states(at(0.1).utc)[0].reserved == 0
    assert numbers(planner.plan(at(3.0))) == [number]
