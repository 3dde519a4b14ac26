"""What stands between an engine and its bill, put together: ledger, budget, scheduler and accounts."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.billing.meter import CallMeter
from portero_server.billing.usage_recorder import UsageRecorder, UsageRows
from portero_server.clock import Clock
from portero_server.domain.billing.budget import Budget, BudgetLimits
from portero_server.domain.billing.usage import PriceTable, UsageLedger
from portero_server.engines.base import CallGate, OpenGate
from portero_server.engines.scheduling.config import SchedulerConfig
from portero_server.engines.scheduling.scheduler import Scheduler
from portero_server.telemetry.metrics import Metrics

_INTERVAL = 5.0
"""Seconds between two storings of the accounts; a server that is killed forgets no more than that."""


@dataclass(frozen=True, slots=True)
class Billing:
    """What an engine's calls go through, and where they are counted.

    Attributes:
        gate: For the engine.
        scheduler: The same gate when it is one that runs, for paid engines; else None.
        accounts: What was called, avoided and spent.
    """

    gate: CallGate
    scheduler: Scheduler | None
    accounts: UsageRecorder


def paid(
    engine: str,
    config: SchedulerConfig,
    limits: BudgetLimits,
    prices: PriceTable,
    rows: UsageRows,
    clock: Clock,
    metrics: Metrics,
) -> Billing:
    """Makes what a paid engine needs.

    Args:
        engine: Its name, for the accounts.
        config: Quotas and bounds.
        limits: What may be spent.
        prices: What a call costs.
        rows: Where accounts are stored.
        clock: Time.
        metrics: Told of it all.
    """
    ledger = UsageLedger()
    budget = Budget(limits, prices, ledger, engine)
    accounts = UsageRecorder(
        ledger, rows, clock, metrics, budget=budget, operation="SearchFacesByImage", interval=_INTERVAL
    )
    scheduler = Scheduler(config, clock, CallMeter(metrics.engine, accounts.budget_changed), budget=budget)
    metrics.engine.quotas(config.quotas.items())
    return Billing(scheduler, scheduler, accounts)


def free(rows: UsageRows, clock: Clock, metrics: Metrics) -> Billing:
    """Makes what an engine needs that costs nothing: accounts of what was avoided."""
    ledger = UsageLedger()
    accounts = UsageRecorder(ledger, rows, clock, metrics, budget=None, operation="identify", interval=_INTERVAL)
    return Billing(OpenGate(), None, accounts)
