"""Metrics of the snapshots of sightings."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.recording.review_pictures import PictureOutcome

_OPERATIONS = ("put", "get", "delete", "list", "link")
_NEVER = frozenset({PictureOutcome.CLEAR})
"""Only a picture for a review has nothing to show."""


class SnapshotMetrics:
    """Shows whether sightings have their snapshots, why others have none, and whether what must go does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.offered = Counter(
            "portero_snapshots_offered",
            "Frames of which snapshots were to be kept, by what became of them: kept, poorer (there is a better one), "
            "forbidden (by the site, the subjects, or for want of consent), withheld (of somebody who may not be "
            "named), small, unstored (no sighting in time), dropped (too many waited), full (as many as may be), "
            "failed.",
            ("outcome",),
            registry=registry,
        )
        self.waiting = Gauge(
            "portero_snapshots_waiting_bytes",
            "Bytes of the frames in this server's memory that wait for their sightings.",
            registry=registry,
        )
        self.stored = Gauge(
            "portero_snapshots_stored", "Files that are kept; every server counts the same ones.", registry=registry
        )
        self.stored_bytes = Gauge(
            "portero_snapshots_stored_bytes",
            "Bytes of the files that are kept; every server counts the same ones.",
            registry=registry,
        )
        self.leaving = Gauge(
            "portero_snapshots_leaving",
            "Files that are to be deleted and are still there; every server counts the same ones.",
            registry=registry,
        )
        self.deleted = Counter("portero_snapshots_deleted", "Files that were deleted.", registry=registry)
        self.failures = Counter(
            "portero_snapshots_failures",
            "Operations that the folder or bucket of snapshots did not carry out.",
            ("operation",),
            registry=registry,
        )
        self.told = Counter(
            "portero_snapshots_told",
            "Snapshots that were shown, or to which a link was handed out.",
            ("how",),
            registry=registry,
        )
        for outcome in PictureOutcome:
            if outcome not in _NEVER:
                self.offered.labels(outcome.value)
        for operation in _OPERATIONS:
            self.failures.labels(operation)
        for how in ("shown", "linked"):
            self.told.labels(how)

    def picture_offered(self, outcome: PictureOutcome) -> None:
        """Counts what became of a frame."""
        self.offered.labels(outcome.value).inc()

    def pictures_wait(self, size: int) -> None:
        """Sets how many bytes wait in memory."""
        self.waiting.set(size)

    def snapshots_held(self, count: int, size: int, leaving: int) -> None:
        """Sets how many files are kept, their bytes, and how many are to be deleted."""
        self.stored.set(count)
        self.stored_bytes.set(size)
        self.leaving.set(leaving)

    def snapshots_deleted(self, count: int) -> None:
        """Counts files that were deleted."""
        self.deleted.inc(count)

    def place_failed(self, operation: str) -> None:
        """Counts an operation that was not carried out."""
        self.failures.labels(operation).inc()

    def snapshot_told(self, how: str) -> None:
        """Counts a snapshot that was shown, or linked."""
        self.told.labels(how).inc()
