"""Metrics of the scheduled export of sightings."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

_OUTCOMES = ("written", "revised", "unchanged", "removed")


class ScheduleMetrics:
    """Shows whether the days of sightings are in their files."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.due = Gauge(
            "portero_export_dates_due",
            "Days of sightings that the scheduled export has still to write, or to write again, at the last look; "
            "every server counts the same ones.",
            registry=registry,
        )
        self.until = Gauge(
            "portero_export_written_until_timestamp_seconds",
            "End of the last day up to which all days are written, Unix time; 0: none is. Every server tells the same.",
            registry=registry,
        )
        self.partitions = Counter(
            "portero_export_partitions",
            "Partitions that the scheduled export went through: written, revised (they had changed), unchanged, "
            "removed (all their sightings are gone).",
            ("outcome",),
            registry=registry,
        )
        self.rows = Counter(
            "portero_export_rows",
            "Sightings that the scheduled export wrote: personal data that left the server.",
            registry=registry,
        )
        self.failures = Counter(
            "portero_export_failures",
            "Rounds of the scheduled export that ended with an error; the next one goes on.",
            registry=registry,
        )
        for outcome in _OUTCOMES:
            self.partitions.labels(outcome)

    def export_stands(self, due: int, until: datetime | None) -> None:
        """Sets how many days are to be written, and up to when all are."""
        self.due.set(due)
        self.until.set(0 if until is None else until.timestamp())

    def partition_exported(self, outcome: str, rows: int) -> None:
        """Counts a partition, and its rows if they were written."""
        self.partitions.labels(outcome).inc()
        if outcome in ("written", "revised"):
            self.rows.inc(rows)

    def export_failed(self) -> None:
        """Counts a round that ended with an error."""
        self.failures.inc()
