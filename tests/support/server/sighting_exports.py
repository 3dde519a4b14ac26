"""Exports of sightings over a real store."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from portero_server.domain.access.fair_places import PlaceShares
from portero_server.store.database import Database
from portero_server.store.sighting_exports import SightingExportStore
from portero_server.telemetry.export_metrics import ExportMetrics
from portero_server.watching.sighting_export import SightingExport


def export_of(database: Database, shares: PlaceShares = PlaceShares(9, None, 99)) -> SightingExport:  # noqa: B008 - frozen
    """Returns the exports of a database."""
    return SightingExport(SightingExportStore(database).page, shares, ExportMetrics(CollectorRegistry()))
