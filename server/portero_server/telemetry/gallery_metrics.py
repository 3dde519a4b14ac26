"""Metrics of the gallery: the engine's collection, compared with the stored faces, and what enrollments are told."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.detection.photo_advice import PhotoAdvice, PhotoFlaw
from portero_server.domain.people.collection import CollectionState, Known
from portero_server.domain.people.look_alikes import LookAlike


class GalleryMetrics:
    """Shows what the last comparison found, whichever server made it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.state = Gauge(
            "portero_gallery_state",
            "1 for the state of the engine's collection, compared with the stored faces: sound, lost (it does not "
            "exist), emptied, other_model, incomplete, foreign (it holds faces that are stored nowhere).",
            ("state",),
            registry=registry,
        )
        self.missing_faces = Gauge(
            "portero_gallery_missing_faces",
            "Stored faces that the engine's collection does not hold.",
            registry=registry,
        )
        self.foreign_faces = Gauge(
            "portero_gallery_foreign_faces",
            "Faces of the engine's collection under this service's names that are stored nowhere.",
            registry=registry,
        )
        self.compared = Gauge(
            "portero_gallery_compared_timestamp_seconds",
            "When collection and database were last compared, Unix time; 0: not yet.",
            registry=registry,
        )
        self.imported = Counter(
            "portero_gallery_imported_people",
            "People of ImportPeople: created, known (they existed and got what they lacked) or refused.",
            ("outcome",),
            registry=registry,
        )
        self.exported = Counter(
            "portero_gallery_exported_people",
            "People whose faces ExportPeople handed out: biometric data that left the server.",
            registry=registry,
        )
        self.adopted = Counter(
            "portero_gallery_adopted_faces",
            "Faces of AdoptFaces: adopted, known (they were somebody's before) or refused.",
            ("outcome",),
            registry=registry,
        )
        self.photo_flaws = Counter(
            "portero_enroll_photo_flaws",
            "Flaws of photographs that were to be enrolled: refused before the engine was asked, or warned of.",
            ("flaw", "outcome"),
            registry=registry,
        )
        self.look_alikes = Counter(
            "portero_enroll_look_alikes",
            "Other people whom an enrolled face is like: so much that they may be the same person, or alike enough to "
            "be confused.",
            ("kind",),
            registry=registry,
        )
        self.uncompared = Gauge(
            "portero_enroll_uncompared_faces",
            "Enrolled faces that wait to be compared with those of others, since the engine was away; once a minute.",
            registry=registry,
        )
        self.merged = Counter(
            "portero_gallery_merged_people", "People who became one with another person.", registry=registry
        )
        for state in CollectionState:
            self.state.labels(state.value)
        for flaw in PhotoFlaw:
            self.photo_flaws.labels(flaw.value, "refused")
            self.photo_flaws.labels(flaw.value, "warned")
        for kind in ("same", "alike"):
            self.look_alikes.labels(kind)
        for outcome in ("created", "known", "refused"):
            self.imported.labels(outcome)
        for outcome in ("adopted", "known", "refused"):
            self.adopted.labels(outcome)

    def people_imported(self, outcome: str, count: int) -> None:
        """Counts people who were imported: created, known or refused."""
        self.imported.labels(outcome).inc(count)

    def people_exported(self, count: int) -> None:
        """Counts people whose faces were handed out."""
        self.exported.inc(count)

    def faces_adopted(self, outcome: str, count: int) -> None:
        """Counts faces of the collection: adopted, known or refused."""
        self.adopted.labels(outcome).inc(count)

    def faces_uncompared(self, count: int) -> None:
        """Sets how many faces wait to be compared."""
        self.uncompared.set(count)

    def people_merged(self) -> None:
        """Counts a person who became one with another one."""
        self.merged.inc()

    def photo_flawed(self, advice: PhotoAdvice) -> None:
        """Counts a flaw of a photograph that was to be enrolled."""
        self.photo_flaws.labels(advice.flaw.value, "refused" if advice.refused else "warned").inc()

    def look_alike_found(self, found: LookAlike) -> None:
        """Counts a person whom a face that was just enrolled is like."""
        self.look_alikes.labels("same" if found.same else "alike").inc()

    def known(self, known: Known) -> None:
        """Sets what the last comparison found."""
        truth = known.truth
        for state in CollectionState:
            self.state.labels(state.value).set(state is truth.state)
        self.missing_faces.set(truth.missing)
        self.foreign_faces.set(truth.foreign)
        self.compared.set(known.compared_at.timestamp())
