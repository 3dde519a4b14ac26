"""Puts usage recording, budget and scheduler in front of paid calls."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from portero_server.billing.usage_recorder import UsageRecorder, UsageRows
from portero_server.clock import Clock
from portero_server.domain.billing.budget import Budget, BudgetLimits, StepChanged
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallGate, OpenGate
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.scheduler import Scheduler
from portero_server.engines.scheduling.types import OperationStatus
from portero_server.telemetry.engine_metrics import EngineMetrics
from portero_server.telemetry.metrics import Metrics


class CallMeter:
    """Forwards scheduler events to metrics and usage records. Implements SchedulerObserver."""

    def __init__(self, metrics: EngineMetrics, audit: Callable[[StepChanged], None], *, in_use: bool = True) -> None:
        """Creates the meter; `in_use`: whether breakers and rates are told, which are those of the engine in use."""
        self._metrics = metrics
        self._audit = audit
        self._in_use = in_use

    def started(self, operation: str, lane: Lane, waited: float, attempt: int) -> None:
        """Counts a call that starts."""
        self._metrics.call_started(operation, lane.value, waited, attempt)

    def finished(self, operation: str, code: str, seconds: float) -> None:
        """Counts a call that ended, by its outcome."""
        self._metrics.call_finished(operation, code, seconds)

    def refused(self, operation: str, lane: Lane, code: str) -> None:
        """Counts a call that was refused."""
        self._metrics.call_refused(lane.value, code)

    def status_changed(self, status: OperationStatus) -> None:
        """An operation's breaker or allowed rate changed."""
        if self._in_use:
            self._metrics.operation_changed(status.operation, status.breaker.value, status.rate)

    def step_changed(self, change: StepChanged) -> None:
        """A budget passed a threshold."""
        self._audit(change)


STANDBY_SHARE = 0.2
"""Share of each quota for a collection beside the one in use: that one is asked about live faces."""
_STANDBY_RUNNING = 4
_INTERVAL = 5.0
"""Seconds between two storings of the accounts; a server that is killed forgets no more than that."""


@dataclass(frozen=True, slots=True)
class Billing:
    """The gate for an engine's calls, and the recorder that counts them.

    Attributes:
        gate: For the engine.
        standby_gate: For calls about a collection beside the one in use: with quotas and breakers of its own, so that
            their trouble is no recognition's, and the same budget and accounts.
        schedulers: Those of both gates that run, for paid engines.
        accounts: What was called, avoided and spent.
    """

    gate: CallGate
    standby_gate: CallGate
    schedulers: tuple[Scheduler, ...]
    accounts: UsageRecorder

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.accounts.run(), *(scheduler.serve() for scheduler in self.schedulers)]


def paid(
    engine: str,
    config: SchedulerConfig,
    limits: BudgetLimits,
    prices: PriceTable,
    rows: UsageRows,
    clock: Clock,
    metrics: Metrics,
) -> Billing:
    """Creates the billing of a paid engine.

    Args:
        engine: Its name, for the accounts.
        config: Quotas and bounds.
        limits: What may be spent.
        prices: What a call costs.
        rows: Where accounts are stored.
        clock: Time.
        metrics: Counts calls, refusals and costs.
    """
    ledger = UsageLedger()
    budget = Budget(limits, prices, ledger, engine)
    accounts = UsageRecorder(
        ledger, rows, clock, metrics, budget=budget, operation="SearchFacesByImage", interval=_INTERVAL
    )
    told = accounts.budget_changed
    scheduler = Scheduler(config, clock, CallMeter(metrics.engine, told), budget=budget)
    standby = Scheduler(_spared(config), clock, CallMeter(metrics.engine, told, in_use=False), budget=budget)
    metrics.engine.quotas(config.quotas.items())
    return Billing(scheduler, standby, (scheduler, standby), accounts)


def _spared(config: SchedulerConfig) -> SchedulerConfig:
    """Returns the bounds of calls about a collection that nobody waits for."""
    return replace(
        config,
        quotas={operation: STANDBY_SHARE * quota for operation, quota in config.quotas.items()},
        other_quota=max(1.0, STANDBY_SHARE * config.other_quota),
        running_limit=min(_STANDBY_RUNNING, config.running_limit),
    )


def free(rows: UsageRows, clock: Clock, metrics: Metrics) -> Billing:
    """Creates the billing of a free engine, which records only avoided calls."""
    ledger = UsageLedger()
    accounts = UsageRecorder(ledger, rows, clock, metrics, budget=None, operation="identify", interval=_INTERVAL)
    return Billing(OpenGate(), OpenGate(), (), accounts)
