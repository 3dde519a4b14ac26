"""Metrics of the paid engine's calls: waits, answers, refusals, breakers and quotas."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.billing.usage import REKOGNITION_PRICES
from portero_server.domain.cameras import Lane
from portero_server.telemetry import instruments

_BREAKER_STATES = ("closed", "half_open", "open")
_CODES = (
    "OK",
    "ENGINE_THROTTLED",
    "ENGINE_UNAVAILABLE",
    "ENGINE_TIMED_OUT",
    "ENGINE_ANSWER_UNREADABLE",
    "ENGINE_DENIED",
)
_REFUSALS = ("EXPIRED", "QUEUE_FULL", "ENGINE_CIRCUIT_OPEN", "BUDGET_SPENT", "STOPPING")
PAID_OPERATIONS = tuple(sorted(operation for operation, price in REKOGNITION_PRICES.items() if price))


class EngineMetrics:
    """Counts the scheduler's calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "portero_engine_calls", "Calls that ended, by code.", ("operation", "code"), registry=registry
        )
        self.call_seconds = Histogram(
            "portero_engine_call_seconds",
            "Time of a call.",
            ("operation",),
            buckets=instruments.SLOW,
            registry=registry,
        )
        self.call_retries = Counter(
            "portero_engine_call_retries", "Calls that repeat one that failed.", ("operation",), registry=registry
        )
        self.wait = Histogram(
            "portero_engine_wait_seconds",
            "How long a call waited for quota and its turn, by lane.",
            ("lane",),
            buckets=instruments.SLOW,
            registry=registry,
        )
        self.refusals = Counter(
            "portero_engine_refusals", "Calls that were not made, by reason.", ("lane", "reason"), registry=registry
        )
        self.breaker = Gauge(
            "portero_engine_breaker_state",
            "1 for the state that an operation's circuit breaker is in.",
            ("operation", "state"),
            registry=registry,
        )
        self.rate_limit = Gauge(
            "portero_engine_rate_limit",
            "Calls a second that the scheduler allows at present; 0 before the first call.",
            ("operation",),
            registry=registry,
        )
        self.quota = Gauge(
            "portero_engine_quota", "Calls a second that the account's quota allows.", ("operation",), registry=registry
        )
        for operation in PAID_OPERATIONS:
            self._preset(operation)
        for lane in Lane:
            self.wait.labels(lane.value)
            for reason in _REFUSALS:
                self.refusals.labels(lane.value, reason)

    def quotas(self, quotas: Iterable[tuple[str, float]]) -> None:
        """Sets the account's quotas: operations and their calls per second."""
        for operation, quota in quotas:
            self.quota.labels(operation).set(quota)

    def call_started(self, operation: str, lane: str, waited: float, attempt: int) -> None:
        """Counts a call that starts `waited` seconds after its request; `attempt` counts from 1."""
        self.wait.labels(lane).observe(waited)
        if attempt > 1:
            self.call_retries.labels(operation).inc()

    def call_finished(self, operation: str, code: str, seconds: float) -> None:
        """Counts a call that ended: "OK", or the reason of its error."""
        self.calls.labels(operation, code).inc()
        self.call_seconds.labels(operation).observe(seconds)

    def call_refused(self, lane: str, code: str) -> None:
        """Counts a call that was refused."""
        self.refusals.labels(lane, code).inc()

    def operation_changed(self, operation: str, breaker: str, rate: float) -> None:
        """Sets an operation's breaker state ("closed", "half_open", "open") and allowed calls per second."""
        for state in _BREAKER_STATES:
            self.breaker.labels(operation, state).set(breaker == state)
        self.rate_limit.labels(operation).set(rate)

    def _preset(self, operation: str) -> None:
        for code in _CODES:
            self.calls.labels(operation, code)
        self.call_seconds.labels(operation)
        self.call_retries.labels(operation)
        self.rate_limit.labels(operation)
        self.quota.labels(operation)
        for state in _BREAKER_STATES:
            self.breaker.labels(operation, state).set(state == "closed")
