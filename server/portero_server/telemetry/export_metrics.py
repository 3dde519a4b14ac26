"""Metrics of exports: what of the sightings leaves the server in bulk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class ExportMetrics:
    """Counts what ExportSightings hands out."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sightings = Counter(
            "portero_exported_sightings",
            "Sightings that ExportSightings handed out: personal data that left the server.",
            registry=registry,
        )
        self.open = Gauge("portero_exports_open", "Open exports of sightings.", registry=registry)

    def sightings_exported(self, count: int) -> None:
        """Counts sightings of a page that was handed out."""
        self.sightings.inc(count)

    def exports_open(self, count: int) -> None:
        """Sets how many exports are open."""
        self.open.set(count)
