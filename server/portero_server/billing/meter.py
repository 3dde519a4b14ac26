"""Tells metrics and audit what the scheduler of paid calls does."""

from __future__ import annotations

from collections.abc import Callable

from portero_server.domain.billing.budget import StepChanged
from portero_server.domain.cameras import Lane
from portero_server.engines.scheduling.operation import OperationStatus
from portero_server.telemetry.engine_metrics import EngineMetrics


class CallMeter:
    """Implements SchedulerObserver."""

    def __init__(self, metrics: EngineMetrics, audit: Callable[[StepChanged], None]) -> None:
        self._metrics = metrics
        self._audit = audit

    def started(self, operation: str, lane: Lane, waited: float, attempt: int) -> None:
        """A call starts."""
        self._metrics.call_started(operation, lane.value, waited, attempt)

    def finished(self, operation: str, code: str, seconds: float) -> None:
        """A call ended."""
        self._metrics.call_finished(operation, code, seconds)

    def refused(self, operation: str, lane: Lane, code: str) -> None:
        """A caller was told that no answer will come."""
        self._metrics.call_refused(lane.value, code)

    def status_changed(self, status: OperationStatus) -> None:
        """An operation's breaker or allowed rate changed."""
        self._metrics.operation_changed(status.operation, status.breaker.value, status.rate)

    def step_changed(self, change: StepChanged) -> None:
        """A budget passed a threshold."""
        self._audit(change)
