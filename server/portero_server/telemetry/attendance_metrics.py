"""Metrics of attendance."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.attendance.changes import ChangeCause, RecordChange
from portero_server.domain.attendance.record import AttendanceStatus

_SHARES = (0.0, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class AttendanceMetrics:
    """Shows what becomes of sessions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter(
            "portero_attendance_records",
            "Records that were published, or whose published status changed, by their status since.",
            ("status",),
            registry=registry,
        )
        self.changes = Counter(
            "portero_attendance_changes",
            "Published statuses that changed afterwards, by what became known.",
            ("cause",),
            registry=registry,
        )
        self.seconds = Histogram(
            "portero_attendance_decide_seconds",
            "Time to decide one session from everything that is known, and to store what changed.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.unproven = Histogram(
            "portero_attendance_unproven_share",
            "Share of a session's records, 0..1, that were unproven when it was decided for the first time.",
            buckets=_SHARES,
            registry=registry,
        )
        self.waiting = Gauge(
            "portero_attendance_waiting_sessions",
            "Sessions that were due, or stale, when they were last looked for; at most 500.",
            registry=registry,
        )
        for status in AttendanceStatus:
            self.records.labels(status.value)
        for cause in ChangeCause:
            if cause is not ChangeCause.DECIDED:
                self.changes.labels(cause.value)

    def session_decided(self, changes: Iterable[RecordChange], seconds: float) -> None:
        """Counts what a decision changed."""
        self.seconds.observe(seconds)
        first: list[AttendanceStatus] = []
        for change in changes:
            if not change.of_status:
                continue
            if change.after is not None:
                self.records.labels(change.after.status.value).inc()
            if change.cause is not ChangeCause.DECIDED:
                self.changes.labels(change.cause.value).inc()
            elif change.after is not None:
                first.append(change.after.status)
        if first:
            self.unproven.observe(first.count(AttendanceStatus.UNPROVEN) / len(first))

    def sessions_waiting(self, count: int) -> None:
        """Notes how many sessions are to be decided."""
        self.waiting.set(count)
