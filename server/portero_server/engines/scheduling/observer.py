"""What the scheduler tells whoever counts: the seam to metrics and audit."""

from __future__ import annotations

from typing import Protocol

from portero_server.domain.billing.budget import StepChanged
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.operation import OperationStatus


class SchedulerObserver(Protocol):
    """Is told of everything that happens, from the event loop; must be quick and must not raise."""

    def started(self, operation: str, lane: Lane, waited: float, attempt: int) -> None:
        """A call starts, `waited` seconds after its request came; `attempt` counts from 1."""
        ...

    def finished(self, operation: str, code: str, seconds: float) -> None:
        """A call ended: "OK", or the reason of its error ("ENGINE_THROTTLED"), "INTERNAL" for a fault of ours."""
        ...

    def refused(self, operation: str, lane: Lane, code: str) -> None:
        """A caller was told that no answer will come.

        Codes: EXPIRED, QUEUE_FULL (dropped), ENGINE_CIRCUIT_OPEN, BUDGET_SPENT, STOPPING.
        """
        ...

    def status_changed(self, status: OperationStatus) -> None:
        """An operation's breaker or effective rate changed."""
        ...

    def step_changed(self, change: StepChanged) -> None:
        """A budget passed a threshold, or a new day began: to be audited."""
        ...
