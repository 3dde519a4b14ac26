"""Data exchanged by planner and scheduler: operations, plans, refusals, and the observer."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Protocol

from portero_server.domain.billing.budget import Step, StepChanged
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.agenda import Agenda
from portero_server.engines.scheduling.breaker import Breaker, BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.lanes import LaneQueue
from portero_server.engines.scheduling.latency import Latency
from portero_server.engines.scheduling.quota import Quota
from portero_server.engines.scheduling.retry import RetryBudget
from portero_server.errors import EngineError, EngineThrottled, EngineUnavailable, LimitReached


class CallOutcome(Enum):
    """How a call ended, as far as scheduling and money are concerned.

    ANSWERED: the service did its work, whatever it found. DENIED: it is well, but refuses us. THROTTLED: the quota
    was used up. FAILED: it says that it failed. NO_ANSWER: no answer came in time, or none that can be read. LOST: the
    call ended by a fault of ours, which says nothing of the service.
    """

    ANSWERED = "answered"
    DENIED = "denied"
    THROTTLED = "throttled"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    LOST = "lost"

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self in (CallOutcome.THROTTLED, CallOutcome.FAILED, CallOutcome.NO_ANSWER)

    @property
    def billed(self) -> bool:
        """Whether the call has to be taken for billed; in doubt it is, so that a budget holds."""
        return self in (CallOutcome.ANSWERED, CallOutcome.NO_ANSWER, CallOutcome.LOST)


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """The state of an operation for metrics: its breaker's state and the calls per second allowed in the long run."""

    operation: str
    breaker: BreakerState
    rate: float


class Operation:
    """One operation's queue and what was learned from its calls.

    `deadlines` holds the deadline of every request that waits, also between two attempts; `running` counts its
    calls under way.
    """

    def __init__(self, name: str, config: SchedulerConfig, chance: random.Random, now: float) -> None:
        self.name = name
        self.queue = LaneQueue(config.patience)
        self.deadlines = Agenda()
        self.running = 0
        self.retries = RetryBudget(config.retry)
        self._quota = Quota(config.quota_of(name), config.quota, now)
        self._breaker = Breaker(config.breaker, chance)
        self._latency = Latency(config.latency)

    @property
    def status(self) -> OperationStatus:
        """The state of the operation for metrics."""
        return OperationStatus(self.name, self._breaker.state, self._quota.rate)

    def expected(self, now: float) -> float:
        """Returns the seconds that a call started now is expected to take."""
        return self._latency.estimate(now)

    def ready_at(self, now: float) -> float:
        """Returns the time, `now` or later, from which the next call may start; infinite while probes are awaited."""
        return max(self._quota.ready_at(now), self._breaker.ready_at(now))

    def answers_at(self, now: float, not_before: float = 0.0) -> float:
        """Returns the earliest time at which a call could be answered if it were the next one."""
        return max(self._breaker.opens_at(now), not_before) + self.expected(now)

    def start(self, now: float) -> int:
        """Records the start of a call. Returns the breaker's period it belongs to."""
        self.running += 1
        self._quota.started(now)
        return self._breaker.started()

    def finish(self, outcome: CallOutcome, started: float, period: int, now: float) -> None:
        """Learns from the end of a call."""
        self.running -= 1
        match outcome:
            case CallOutcome.ANSWERED | CallOutcome.DENIED:
                self._quota.succeeded(now)
                if outcome is CallOutcome.ANSWERED:
                    self._latency.learn(now - started, now)
                if self._breaker.succeeded(now, period):
                    self._quota.restart(now)
            case CallOutcome.THROTTLED:
                self._quota.throttled(now, started)
                self._breaker.passed(period)
            case CallOutcome.FAILED | CallOutcome.NO_ANSWER:
                self._breaker.failed(now, period)
            case CallOutcome.LOST:
                self._breaker.passed(period)


class BudgetSpent(EngineError):
    """The day's budget for this camera, or for all, is spent: the call was not made.

    Attributes:
        step: LOCAL_ONLY or STOPPED: whether an engine that costs nothing may answer instead.
    """

    reason = "BUDGET_SPENT"

    def __init__(self, message: str, step: Step) -> None:
        super().__init__(message)
        self.step = step


class QueueFull(LimitReached, EngineThrottled):
    """Too many calls are waiting, and this one was the oldest of the lowest lane."""

    reason = "QUEUE_FULL"


class CircuitOpen(EngineUnavailable):
    """The service has been failing, and is not called until after this call's deadline."""

    reason = "ENGINE_CIRCUIT_OPEN"


class CallTimedOut(EngineUnavailable):
    """The service did not answer in time; the call may have been billed."""

    reason = "ENGINE_TIMED_OUT"


class GateClosed(EngineUnavailable):
    """The server is stopping; no further call is made."""

    reason = "STOPPING"


@dataclass(frozen=True, slots=True)
class Instant:
    """One reading of both clocks: monotonic seconds for waiting, and UTC for the day of a budget."""

    seconds: float
    utc: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """Make this call now. `waited` is seconds since it was submitted, `attempt` counts from 1."""

    number: int
    operation: str
    lane: Lane
    waited: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refuse this request's caller. A call in progress ends by itself."""

    number: int
    operation: str
    lane: Lane
    error: EngineError


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do now.

    Attributes:
        starts: Calls to make.
        refusals: Callers to tell.
        statuses: Operations whose status changed since the last plan.
        steps: Steps of budgets passed since the last plan, in order.
        wake_at: Monotonic seconds at which to plan again even if nothing happens, or None.
    """

    starts: tuple[Start, ...]
    refusals: tuple[Refusal, ...]
    statuses: tuple[OperationStatus, ...]
    steps: tuple[StepChanged, ...]
    wake_at: float | None


class Ending(Enum):
    """What the end of a call means for its caller.

    DELIVER: tell how it ended. RETRY: keep waiting, it will be tried again. NOBODY: nobody waits any more, or
    the next plan refuses it because the deadline has passed.
    """

    DELIVER = auto()
    RETRY = auto()
    NOBODY = auto()


class SchedulerObserver(Protocol):
    """Receives everything that happens, on the event loop; its methods must be quick and must not raise."""

    def started(self, operation: str, lane: Lane, waited: float, attempt: int) -> None:
        """A call started `waited` seconds after its request; `attempt` counts from 1."""
        ...

    def finished(self, operation: str, code: str, seconds: float) -> None:
        """A call ended: "OK", the error's reason ("ENGINE_THROTTLED"), or "INTERNAL" for a defect of this server."""
        ...

    def refused(self, operation: str, lane: Lane, code: str) -> None:
        """A caller was refused.

        Codes: EXPIRED, QUEUE_FULL (dropped), ENGINE_CIRCUIT_OPEN, BUDGET_SPENT, STOPPING.
        """
        ...

    def status_changed(self, status: OperationStatus) -> None:
        """An operation's breaker or effective rate changed."""
        ...

    def step_changed(self, change: StepChanged) -> None:
        """A budget passed a threshold, or a new day began: a budget event to record."""
        ...
