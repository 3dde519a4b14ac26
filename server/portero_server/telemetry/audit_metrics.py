"""How the audit trail is written and anchored."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class AuditMetrics:
    """Told by the trail and by whoever anchors it."""

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
        """So many entries were committed."""
        self.entries.inc(count)

    def audit_failed(self) -> None:
        """Entries could not be written."""
        self.failures.inc()

    def audit_overflowed(self, count: int) -> None:
        """So many refusals were counted in one entry rather than told apart."""
        self.overflowed.inc(count)

    def anchored_at(self, moment: float) -> None:
        """The end of the trail was anchored at this Unix time."""
        self.anchored.set(moment)

    def anchoring_failed(self) -> None:
        """It could not be."""
        self.anchor_failures.inc()
