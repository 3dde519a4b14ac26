"""Metrics of cost: what recognition costs, what was avoided, and how many faces the gate may have missed."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.telemetry.engine_metrics import PAID_OPERATIONS

TOTAL = "total"
"""Scope of the budget of all cameras and RPCs together; others are "cameras/{camera}" of the settings."""
_AVOIDED = ("duplicate", "unchanged", "skipped", "no_face", "known_track", "remembered", "budget")


class MoneyMetrics:
    """Metrics of cost, in US dollars; calls that were not billed are not counted."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.spent = Counter(
            "portero_spent_dollars", "Dollars of calls that were billed.", ("operation",), registry=registry
        )
        self.today = Gauge("portero_spent_today_dollars", "Dollars spent this UTC day.", registry=registry)
        self.projected = Gauge(
            "portero_projected_month_dollars", "Dollars this month will cost at last week's rate.", registry=registry
        )
        self.budget = Gauge(
            "portero_budget_dollars",
            "Dollars that may be spent a UTC day; +Inf: no limit.",
            ("scope",),
            registry=registry,
        )
        self.budget_spent = Gauge(
            "portero_budget_spent_dollars",
            "Dollars of a budget that are spent today, calls in flight included.",
            ("scope",),
            registry=registry,
        )
        self.budget_step = Gauge(
            "portero_budget_step",
            "How far service has degraded to save money: 0 normal, 1 fewer retries, 2 longer deadlines, "
            "3 local only, 4 stopped.",
            ("scope",),
            registry=registry,
        )
        self.avoided = Counter(
            "portero_recognitions_avoided", "Calls that were not needed, by reason.", ("reason",), registry=registry
        )
        self.gate_audits = Counter(
            "portero_gate_audits",
            "Frames that the gate had stopped and that were searched all the same, by whether a face was missed.",
            ("missed",),
            registry=registry,
        )
        for operation in PAID_OPERATIONS:
            self.spent.labels(operation)
        for reason in _AVOIDED:
            self.avoided.labels(reason)
        for missed in ("true", "false"):
            self.gate_audits.labels(missed)
        self.budget_is(TOTAL, limit=math.inf, spent=0.0, step=0)

    def billed(self, operation: str, dollars: float) -> None:
        """Counts billed calls and their cost."""
        self.spent.labels(operation).inc(dollars)

    def accounts_are(self, *, today: float, projected_month: float) -> None:
        """Sets the cost of today and the projected cost of the month."""
        self.today.set(today)
        self.projected.set(projected_month)

    def budget_is(self, scope: str, *, limit: float, spent: float, step: int) -> None:
        """Sets a budget, the dollars spent of it, and the step in force."""
        self.budget.labels(scope).set(limit)
        self.budget_spent.labels(scope).set(spent)
        self.budget_step.labels(scope).set(step)

    def calls_avoided(self, reason: str, count: int) -> None:
        """Counts calls that were not needed."""
        self.avoided.labels(reason).inc(count)

    def gate_audited(self, *, missed: bool) -> None:
        """Counts a held-back frame that was searched; `missed`: it shows a face that was not being followed."""
        self.gate_audits.labels("true" if missed else "false").inc()
