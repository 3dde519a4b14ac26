"""All that the planner knows of one operation: who waits, how fast it may go, whether it works, how long it takes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from portero_server.engines.scheduling.agenda import Agenda
from portero_server.engines.scheduling.breaker import Breaker, BreakerState
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.lanes import LaneQueue
from portero_server.engines.scheduling.latency import Latency
from portero_server.engines.scheduling.quota import Quota
from portero_server.engines.scheduling.retry import RetryBudget


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
    """What metrics show of an operation: its breaker's state and the calls a second allowed in the long run."""

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
        """What metrics show."""
        return OperationStatus(self.name, self._breaker.state, self._quota.rate)

    def expected(self, now: float) -> float:
        """Returns the seconds a call started now is expected to take."""
        return self._latency.estimate(now)

    def ready_at(self, now: float) -> float:
        """Returns the time, `now` or later, from which the next call may start; infinite while probes are awaited."""
        return max(self._quota.ready_at(now), self._breaker.ready_at(now))

    def answers_at(self, now: float, not_before: float = 0.0) -> float:
        """Returns the earliest time an answer could come to a call not started yet, were it the next."""
        return max(self._breaker.opens_at(now), not_before) + self.expected(now)

    def start(self, now: float) -> int:
        """Notes a call that starts, and gives the period of the breaker it belongs to."""
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
