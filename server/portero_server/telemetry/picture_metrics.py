"""Metrics of the pictures that wait to be reviewed."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.recording.review_pictures import PictureOutcome


class PictureMetrics:
    """Shows whether doubtful sightings have their pictures, and why others have none."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.offered = Counter(
            "portero_review_pictures_offered",
            "Pictures of tracks, by what became of them: kept, poorer (there is a better one), clear (nothing to "
            "review), forbidden (by the site, or for want of consent), withheld (of somebody who may not be named), "
            "small, unstored (no sighting in time), dropped (too many waited), full (as many as may be), failed.",
            ("outcome",),
            registry=registry,
        )
        self.waiting = Gauge(
            "portero_review_pictures_waiting_bytes",
            "Bytes of the pictures in this server's memory that wait for their sightings.",
            registry=registry,
        )
        self.stored = Gauge(
            "portero_review_pictures_stored",
            "Pictures in the database; every server counts the same ones.",
            registry=registry,
        )
        self.stored_bytes = Gauge(
            "portero_review_pictures_stored_bytes",
            "Bytes of the pictures in the database, sealed; every server counts the same ones.",
            registry=registry,
        )
        self.shown = Counter("portero_review_pictures_shown", "Pictures that were shown.", registry=registry)
        for outcome in PictureOutcome:
            self.offered.labels(outcome.value)

    def picture_offered(self, outcome: PictureOutcome) -> None:
        """Counts what became of a picture."""
        self.offered.labels(outcome.value).inc()

    def pictures_wait(self, size: int) -> None:
        """Sets how many bytes wait in memory."""
        self.waiting.set(size)

    def pictures_stored(self, count: int, size: int) -> None:
        """Sets how many pictures are in the database, and their bytes."""
        self.stored.set(count)
        self.stored_bytes.set(size)

    def picture_shown(self) -> None:
        """Counts a picture that was shown."""
        self.shown.inc()
