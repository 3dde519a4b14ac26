"""A SchedulerObserver that remembers what it was told."""

from __future__ import annotations

from collections import Counter, defaultdict

from portero_server.domain.billing.budget import StepChanged
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.breaker import BreakerState
from portero_server.engines.scheduling.types import OperationStatus


class SchedulerLog:
    """Implements SchedulerObserver.

    Attributes:
        waits: Seconds each first attempt waited, by lane.
        attempts: Attempts started, by their number.
        codes: Calls ended, by code.
        refusals: Callers told no, by lane and code.
        breakers: States an operation's breaker went through, each as it was told.
        rates: Effective rates, in the order told, by operation.
        changes: Steps of budgets.
    """

    def __init__(self) -> None:
        self.waits: dict[Lane, list[float]] = defaultdict(list)
        self.attempts: Counter[int] = Counter()
        self.codes: Counter[str] = Counter()
        self.refusals: Counter[tuple[Lane, str]] = Counter()
        self.breakers: dict[str, list[BreakerState]] = defaultdict(list)
        self.rates: dict[str, list[float]] = defaultdict(list)
        self.changes: list[StepChanged] = []

    def started(self, operation: str, lane: Lane, waited: float, attempt: int) -> None:
        """A call starts."""
        self.attempts[attempt] += 1
        if attempt == 1:
            self.waits[lane].append(waited)

    def finished(self, operation: str, code: str, seconds: float) -> None:
        """A call ended."""
        self.codes[code] += 1

    def refused(self, operation: str, lane: Lane, code: str) -> None:
        """A caller was told no."""
        self.refusals[lane, code] += 1

    def status_changed(self, status: OperationStatus) -> None:
        """A breaker or a rate changed."""
        self.rates[status.operation].append(status.rate)
        states = self.breakers[status.operation]
        if not states or states[-1] is not status.breaker:
            states.append(status.breaker)

    def step_changed(self, change: StepChanged) -> None:
        """A budget passed a threshold."""
        self.changes.append(change)
