"""Metrics of readings and check-ins."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.documents.check_in import CheckIn, CheckInFailure, Decision
from portero_server.domain.documents.judgment import CheckInResult
from portero_server.domain.documents.liveness_session import LivenessResult
from portero_server.domain.documents.reasons import Reason

_SECONDS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 40.0, 60.0, 120.0)
"""Dense around the targets of 3 and 6 s for a result."""
_READINGS = ("read", "unreadable", "failed")
_ABANDONED = "abandoned"


class DocumentMetrics:
    """Counts readings and check-ins; nothing of a card is in a label."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.check_ins = Counter(
            "portero_check_ins",
            "Check-ins that ended, by result: accepted, review, rejected, or failed without one.",
            ("result",),
            registry=registry,
        )
        self.reasons = Counter(
            "portero_check_in_reasons",
            "Reasons why check-ins were not accepted, or failed; one check-in may have several.",
            ("reason",),
            registry=registry,
        )
        self.seconds = Histogram(
            "portero_check_in_seconds",
            "From the beginning of a check-in to its result.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.paid_calls = Counter(
            "portero_check_in_paid_calls", "Calls that check-ins and readings paid for.", registry=registry
        )
        self.readings = Counter(
            "portero_document_readings",
            "Documents read, by outcome: read, unreadable (too little or nothing certain), failed (the engine).",
            ("outcome",),
            registry=registry,
        )
        self.liveness_sessions = Counter(
            "portero_liveness_sessions",
            "Check-ins with a liveness session that ended, by its result; abandoned: the check-in ended without a "
            "report.",
            ("result",),
            registry=registry,
        )
        self.reviews = Counter(
            "portero_check_in_reviews", "Decisions of people about check-ins.", ("decision",), registry=registry
        )
        self.running = Gauge("portero_check_ins_running", "Check-ins that this server works on.", registry=registry)
        for result in (*(each.value for each in CheckInResult), "failed"):
            self.check_ins.labels(result)
        for reason in (*(each.value for each in Reason), *(each.value for each in CheckInFailure)):
            self.reasons.labels(reason)
        for result in (*(each.value for each in LivenessResult), _ABANDONED):
            self.liveness_sessions.labels(result)
        for outcome in _READINGS:
            self.readings.labels(outcome)
        for decision in Decision:
            self.reviews.labels(decision.value)

    def document_read(self, reasons: tuple[Reason, ...]) -> None:
        """Counts a document that was read."""
        self.readings.labels("unreadable" if Reason.UNREADABLE in reasons else "read").inc()

    def paid(self, calls: int) -> None:
        """Counts calls that were paid for."""
        self.paid_calls.inc(calls)

    def reading_failed(self) -> None:
        """Counts a document that the engine did not read."""
        self.readings.labels("failed").inc()

    def check_in_ended(self, check_in: CheckIn) -> None:
        """Counts a check-in that ended, with its reasons and its paid calls."""
        self.paid(check_in.paid_calls)
        if check_in.liveness_session_id is not None:
            told = check_in.liveness_result
            self.liveness_sessions.labels(_ABANDONED if told is None else told.value).inc()
        if check_in.report is None:
            self.check_ins.labels("failed").inc()
            if check_in.failure is not None:
                self.reasons.labels(check_in.failure.value).inc()
            return
        self.check_ins.labels(check_in.report.result.value).inc()
        for reason in check_in.report.reasons:
            self.reasons.labels(reason.value).inc()
        if check_in.finished_at is not None:
            self.seconds.observe((check_in.finished_at - check_in.created_at).total_seconds())

    def decided(self, decision: Decision) -> None:
        """Counts a person's decision."""
        self.reviews.labels(decision.value).inc()
