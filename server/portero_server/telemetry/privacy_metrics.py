"""Metrics of privacy: erasures, retention and the audit trail."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.people.privacy import Purpose


class PrivacyMetrics:
    """Metrics of retention and erasures."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rows = Counter(
            "portero_retention_removed_rows",
            "Rows removed because they were past their time, by purpose.",
            ("purpose",),
            registry=registry,
        )
        self.success = Gauge(
            "portero_retention_last_success_timestamp_seconds",
            "When a purpose was last gone through without a fault, Unix time; 0: not yet, or it is kept for ever.",
            ("purpose",),
            registry=registry,
        )
        self.overdue = Gauge(
            "portero_retention_overdue_seconds",
            "By how much the oldest row of a purpose is past its time, after the last round; 0 is as it should be.",
            ("purpose",),
            registry=registry,
        )
        self.erasures = Gauge(
            "portero_erasures_unfinished", "People who are being erased, at the last look.", registry=registry
        )
        self.not_overwritten = Gauge(
            "portero_erasures_not_overwritten",
            "Finished erasures whose bytes the write-ahead log of SQLite still shows, at the last look; 0 with MySQL.",
            registry=registry,
        )
        self.leaving = Gauge(
            "portero_faces_leaving",
            "Deleted faces that an engine has yet to remove from its collection, at the last look.",
            registry=registry,
        )
        for purpose in Purpose:
            for metric in (self.rows, self.success, self.overdue):
                metric.labels(purpose.value)

    def removed(self, purpose: str, rows: int) -> None:
        """Counts removed rows."""
        self.rows.labels(purpose).inc(rows)

    def retained(self, purpose: str, *, at: float, overdue: float) -> None:
        """Records when a purpose was last processed, and by how many seconds its oldest row is overdue."""
        self.success.labels(purpose).set(at)
        self.overdue.labels(purpose).set(overdue)

    def erasures_unfinished(self, count: int) -> None:
        """Sets the number of unfinished erasures."""
        self.erasures.set(count)

    def faces_leaving(self, count: int) -> None:
        """Sets the number of deleted faces that an engine has yet to remove."""
        self.leaving.set(count)

    def erasures_not_overwritten(self, count: int) -> None:
        """Sets the number of finished erasures not yet overwritten in the database's files."""
        self.not_overwritten.set(count)


class AuditMetrics:
    """Metrics of the audit trail and its anchors."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.entries = Counter("portero_audit_entries", "Entries committed to the audit trail.", registry=registry)
        self.failures = Counter(
            "portero_audit_failures",
            "Times the audit trail could not be written; the calls that had to be in it were refused.",
            registry=registry,
        )
        self.overflowed = Counter(
            "portero_audit_overflowed",
            "Refused calls that were counted in one entry, being too many unlike ones to be told apart.",
            registry=registry,
        )
        self.anchored = Gauge(
            "portero_audit_anchored_timestamp_seconds",
            "When the end of the audit trail was last known to be anchored, Unix time; 0: not since the start, "
            "or anchoring is not set up.",
            registry=registry,
        )
        self.anchor_failures = Counter(
            "portero_audit_anchor_failures", "Times the trail's end could not be anchored.", registry=registry
        )

    def audit_written(self, count: int) -> None:
        """Counts committed entries."""
        self.entries.inc(count)

    def audit_failed(self) -> None:
        """Counts failures to write entries."""
        self.failures.inc()

    def audit_overflowed(self, count: int) -> None:
        """Counts refusals that were combined into one entry."""
        self.overflowed.inc(count)

    def anchored_at(self, moment: float) -> None:
        """Records when (Unix time) the end of the trail was anchored."""
        self.anchored.set(moment)

    def anchoring_failed(self) -> None:
        """Counts failures to anchor the end of the trail."""
        self.anchor_failures.inc()
