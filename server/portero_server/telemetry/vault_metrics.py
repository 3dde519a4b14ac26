"""Metrics of the photo vault, and of rebuilding faces from it."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.people.photos import Keeping, PhotoState, Rebuilding

_OPERATIONS = ("put", "get", "delete", "list")


class VaultMetrics:
    """Shows whether enrolled photos are kept, and deleted, as they should be."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.offered = Counter(
            "portero_vault_offered_photos",
            "Photos that taught a face, by what the vault did: kept, known (it had the photo), no_consent, failed (the "
            "face is enrolled, and the photo lost).",
            ("outcome",),
            registry=registry,
        )
        self.deleted = Counter(
            "portero_vault_deleted_photos", "Photos whose objects were deleted from the vault.", registry=registry
        )
        self.failures = Counter(
            "portero_vault_failures",
            "Operations that the vault did not carry out: put, get, delete, list.",
            ("operation",),
            registry=registry,
        )
        self.held = Gauge(
            "portero_vault_photos",
            "Photos of the vault at the last sweep, by state: kept, pending (being written, or to be swept), deleting "
            "(their objects are to be deleted).",
            ("state",),
            registry=registry,
        )
        self.rebuilt = Counter(
            "portero_vault_rebuilt_photos",
            "Photos of RebuildFaces, without dry runs: taught, known (the engine had the face), refused, missing, "
            "unreadable.",
            ("outcome",),
            registry=registry,
        )
        for outcome in Keeping:
            self.offered.labels(outcome.value)
        for operation in _OPERATIONS:
            self.failures.labels(operation)
        for state in PhotoState:
            self.held.labels(state.value)
        for made in Rebuilding:
            if made is not Rebuilding.TEACHABLE:
                self.rebuilt.labels(made.value)

    def photo_offered(self, outcome: Keeping) -> None:
        """Counts photos that taught a face."""
        self.offered.labels(outcome.value).inc()

    def photos_deleted(self, count: int) -> None:
        """Counts photos whose objects were deleted."""
        self.deleted.inc(count)

    def vault_failed(self, operation: str) -> None:
        """Counts operations that the vault did not carry out."""
        self.failures.labels(operation).inc()

    def photos_held(self, counts: Mapping[PhotoState, int]) -> None:
        """Sets how many photos there are in each state."""
        for state in PhotoState:
            self.held.labels(state.value).set(counts.get(state, 0))

    def photo_rebuilt(self, outcome: Rebuilding) -> None:
        """Counts photos of a rebuild."""
        self.rebuilt.labels(outcome.value).inc()
