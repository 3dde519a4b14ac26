"""The planner's promises, in any order of events."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from portero_server.domain.billing.budget import Budget, BudgetLimits
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.scheduling.breaker import BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.planner import Planner
from portero_server.engines.scheduling.types import CallOutcome, Ending, Instant

CONFIG = SchedulerConfig(
    quotas={"SearchFacesByImage": 5.0, "DetectText": 2.0}, queue_limit=12, running_limit=6, longest_wait=8.0
)
LEGAL = {
    (BreakerState.CLOSED, BreakerState.OPEN),
    (BreakerState.OPEN, BreakerState.HALF_OPEN),
    (BreakerState.HALF_OPEN, BreakerState.OPEN),
    (BreakerState.HALF_OPEN, BreakerState.CLOSED),
}
Place = tuple[str, str | None, Lane]


@dataclass(slots=True)
class Asked:
    """What the test knows of a request."""

    place: Place
    deadline: float
    starts: int = 0


class PlannerMachine(RuleBasedStateMachine):
    """Submits, cancels, ends calls and lets time pass, and checks every promise after each step."""

    @initialize(seed=st.integers(0, 2**32), limit=st.sampled_from([None, 10_000, 40_000]))
    def begin(self, seed: int, limit: int | None) -> None:
        """Makes a planner, with a budget of its own or without limits."""
        self.budget = Budget(BudgetLimits(total=limit), PriceTable(), UsageLedger(), "rekognition")
        self.planner = Planner(CONFIG, random.Random(seed), self.budget)
        self.limit = limit
        self.now = 100.0
        self.waiting: dict[int, Asked] = {}
        self.running: dict[int, Asked] = {}
        self.gone: set[int] = set()
        self.starts: dict[str, list[float]] = defaultdict(list)
        self.retries: Counter[str] = Counter()
        self.firsts: Counter[str] = Counter()
        self.states: dict[str, BreakerState] = {}
        self.wake_at: float | None = None

    @rule(
        operation=st.sampled_from(sorted(CONFIG.quotas)),
        camera_id=st.sampled_from([None, "a", "b", "c"]),
        lane=st.sampled_from(list(Lane)),
        patience=st.one_of(st.none(), st.floats(0.0, 15.0)),
    )
    def submit(self, operation: str, camera_id: str | None, lane: Lane, patience: float | None) -> None:
        """A request comes."""
        deadline = None if patience is None else self.now + patience
        step = self.budget.step(camera_id, self._instant.utc)
        factor = CONFIG.steps[step].deadline_factor
        number = self.planner.submit(operation, CallContext(camera_id, lane, deadline), self._instant)
        allowed = CONFIG.longest_wait if patience is None else patience
        self.waiting[number] = Asked((operation, camera_id, lane), self.now + factor * allowed)
        self._plan()

    @precondition(lambda self: self.waiting or self.running)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A caller goes away."""
        number = data.draw(st.sampled_from(sorted({*self.waiting, *self.running})))
        self.planner.cancel(number)
        if self.waiting.pop(number, None) is None:
            self.gone.add(number)
        self._plan()

    @precondition(lambda self: self.running)
    @rule(data=st.data(), outcome=st.sampled_from([CallOutcome.ANSWERED, *CallOutcome]), seconds=st.floats(0.0, 0.5))
    def finish(self, data: st.DataObject, outcome: CallOutcome, seconds: float) -> None:
        """A call ends."""
        self.now += seconds
        self._finish(data.draw(st.sampled_from(sorted(self.running))), outcome)
        self._plan()

    @rule(seconds=st.floats(0.0, 4.0))
    def wait(self, seconds: float) -> None:
        """Time passes; the shell wakes up whenever it was told to."""
        end = self.now + seconds
        while self.wake_at is not None and self.wake_at < end:
            self.now = max(self.now + 0.001, self.wake_at)
            self._plan()
        self.now = max(self.now, end)
        self._plan()

    @invariant()
    def bounds_hold(self) -> None:
        """The room, the running calls and the money stay within their limits."""
        if not hasattr(self, "planner"):
            return
        assert len(self.waiting) <= CONFIG.queue_limit
        assert len(self.running) <= CONFIG.running_limit
        for operation in CONFIG.quotas:
            assert self.retries[operation] <= CONFIG.retry.reserve + CONFIG.retry.share * self.firsts[operation]
        for state in self.budget.states(self._instant.utc):
            assert self.limit is not None
            assert state.spent + state.reserved <= self.limit

    def teardown(self) -> None:
        """In the end everybody is told: when calls are answered again, nothing is left after the longest wait."""
        if not hasattr(self, "planner"):
            return
        longest = max([self.now, *(asked.deadline for asked in (*self.waiting.values(), *self.running.values()))])
        while self.waiting or self.running:
            for number in list(self.running):
                self._finish(number, CallOutcome.ANSWERED)
            self._plan()
            assert self.now <= longest + 0.1, "somebody waits past their deadline"
            self.now = max(self.now + 0.05, min(self.wake_at or self.now, self.now + 0.2))

    @property
    def _instant(self) -> Instant:
        return Instant(self.now, datetime(2026, 3, 10, tzinfo=UTC) + timedelta(seconds=self.now))

    def _finish(self, number: int, outcome: CallOutcome) -> None:
        asked = self.running.pop(number)
        ending = self.planner.finished(number, outcome, self._instant)
        if ending is Ending.RETRY:
            assert outcome.retryable
            assert number not in self.gone
            self.waiting[number] = asked
        elif ending is Ending.DELIVER:
            assert number not in self.gone
            assert self.now < asked.deadline
        else:
            # Canceled or expired before, or expired just now: the next plan refuses it.
            if number not in self.gone:
                self.waiting[number] = asked
            self.gone.discard(number)

    def _plan(self) -> None:
        plan = self.planner.plan(self._instant)
        self.wake_at = plan.wake_at
        for refusal in plan.refusals:
            if refusal.number in self.waiting:
                del self.waiting[refusal.number]
            else:
                assert refusal.number in self.running, "told twice"
                assert refusal.number not in self.gone, "told twice"
                assert self.running[refusal.number].deadline <= self.now
                self.gone.add(refusal.number)
        for start in plan.starts:
            asked = self.waiting.pop(start.number)
            self.running[start.number] = asked
            asked.starts += 1
            assert start.attempt == asked.starts
            assert self.now < asked.deadline
            self._check_order(start.number, asked)
            self._check_rate(start.operation)
            (self.firsts if asked.starts == 1 else self.retries)[start.operation] += 1
        for status in plan.statuses:
            before = self.states.get(status.operation, BreakerState.CLOSED)
            assert (
                status.breaker is before or (before, status.breaker) in LEGAL or self._two_legal(before, status.breaker)
            )
            self.states[status.operation] = status.breaker
            assert 0 < status.rate <= CONFIG.quota_of(status.operation)

    def _check_order(self, number: int, asked: Asked) -> None:
        """No older request of the same camera, lane and operation waits for its first call while this one starts."""
        if asked.starts == 1:
            older = [other for other, its in self.waiting.items() if its.place == asked.place and its.starts == 0]
            assert not older or number < min(older)

    def _check_rate(self, operation: str) -> None:
        starts = self.starts[operation]
        starts.append(self.now)
        assert sum(1 for time in starts[-20:] if self.now - time <= 1.0) <= CONFIG.quotas[operation]

    @staticmethod
    def _two_legal(before: BreakerState, after: BreakerState) -> bool:
        """Between two plans a breaker may take two steps, as opening again and probing."""
        return any((before, between) in LEGAL and (between, after) in LEGAL for between in BreakerState)


TestPlannerMachine = PlannerMachine.TestCase
TestPlannerMachine.settings = settings(deadline=None, max_examples=70, stateful_step_count=60)


def flood(lanes: dict[Lane, int], seconds: float) -> Counter[Lane]:
    """Keeps so many requests of each lane waiting, and counts the calls each lane gets."""
    config = replace(CONFIG, queue_limit=1000)
    planner, now, served = Planner(config, random.Random(3)), 0.0, Counter[Lane]()
    waiting: dict[int, Lane] = {}
    while now < seconds:
        instant = Instant(now, datetime(2026, 3, 10, tzinfo=UTC))
        for lane, count in lanes.items():
            for place in range(count - Counter(waiting.values())[lane]):
                waiting[planner.submit("SearchFacesByImage", CallContext(f"camera-{place}", lane), instant)] = lane
        plan = planner.plan(instant)
        for refusal in plan.refusals:
            del waiting[refusal.number]
        for start in plan.starts:
            served[waiting.pop(start.number)] += 1
            planner.finished(start.number, CallOutcome.ANSWERED, instant)
        assert plan.wake_at is not None
        now = max(now + 0.001, plan.wake_at)
    return served


def test_no_lane_starves_while_higher_ones_are_flooded() -> None:
    """With check-in asking for more than the whole quota for a minute, every lane still gets its share."""
    served = flood({Lane.CHECK_IN: 20, Lane.VISITOR: 20, Lane.ATTENDANCE: 20}, 60.0)
    total = served.total()
    assert total > 0.9 * 60 * 5
    assert served[Lane.CHECK_IN] > 0.65 * total
    assert served[Lane.VISITOR] > 0.18 * total
    assert served[Lane.ATTENDANCE] > 0.09 * total


def test_a_lane_alone_has_the_whole_quota() -> None:
    """Shares are no reservations: attendance alone gets everything."""
    assert flood({Lane.ATTENDANCE: 20}, 60.0)[Lane.ATTENDANCE] > 0.9 * 60 * 5
