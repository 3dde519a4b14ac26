"""Metrics of recognitions, from the batch to the name."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.tracking.reasons import UnknownReason
from portero_server.telemetry import instruments
from portero_server.telemetry.instruments import Durations

_OUTCOMES = ("match", "provisional", "unknown", "no_face", "expired", "failed")
_DROPS = ("queue_full", "expired")


class RecognitionMetrics:
    """Counts batches, answers and decisions."""

    def __init__(self, registry: CollectorRegistry, stages: Durations) -> None:
        self.time_to_name = Histogram(
            "portero_time_to_name_seconds",
            "From receipt of a track's first frame to its decision.",
            ("named",),
            buckets=instruments.SLOW,
            registry=registry,
        )
        self.recognitions = Counter(
            "portero_recognitions", "Recognitions answered, by outcome.", ("outcome",), registry=registry
        )
        self.dropped = Counter(
            "portero_recognitions_dropped", "Recognitions never asked for, by reason.", ("reason",), registry=registry
        )
        self.batch_size = Histogram(
            "portero_recognition_batch_size", "Faces in one engine call.", buckets=instruments.BATCH, registry=registry
        )
        self.batch_wait = Histogram(
            "portero_recognition_wait_seconds",
            "How long the oldest face of a batch waited.",
            buckets=instruments.FAST,
            registry=registry,
        )
        self.gallery_faces = Gauge("portero_gallery_faces", "Faces in the gallery.", registry=registry)
        self.gallery_faces_of_other_models = Gauge(
            "portero_gallery_faces_of_other_models",
            "Faces in the gallery of another engine or model, which are not compared: enroll these people again.",
            registry=registry,
        )
        self.watchers = Gauge("portero_watchers", "Open WatchSightings streams.", registry=registry)
        self.identity_checks = Counter(
            "portero_identity_checks",
            "Comparisons of a face with the track it may continue, by the reason of the doubt and the result.",
            ("doubt", "result"),
            registry=registry,
        )
        self.unknown_faces = Counter(
            "portero_unknown_faces", "Faces that left and were nobody's, by the reason.", ("reason",), registry=registry
        )
        self._recognize = stages.series("recognize")
        for named in ("true", "false"):
            self.time_to_name.labels(named)
        for outcome in _OUTCOMES:
            self.recognitions.labels(outcome)
        for why in UnknownReason:
            self.unknown_faces.labels(why.value)
        for reason in _DROPS:
            self.dropped.labels(reason)

    def gallery_is(self, faces: int, *, of_other_models: int) -> None:
        """Sets the number of faces in the gallery, and of those that the model in use did not make."""
        self.gallery_faces.set(faces)
        self.gallery_faces_of_other_models.set(of_other_models)

    def batch_sent(self, size: int, waited: float) -> None:
        """Counts a batch that was sent, with its size and the longest wait."""
        self.batch_size.observe(size)
        self.batch_wait.observe(waited)

    def recognition_dropped(self, reason: str) -> None:
        """Counts a recognition that was dropped without being sent."""
        self.dropped.labels(reason).inc()

    def recognized(self, outcome: str, seconds: float) -> None:
        """Counts the result of an engine call, successful or not."""
        self.recognitions.labels(outcome).inc()
        self._recognize.observe(seconds)

    def identity_checked(self, doubt: str, result: str) -> None:
        """Counts a comparison; `doubt` is empty for a face that was seen where nobody was."""
        self.identity_checks.labels(doubt or "arrival", result).inc()

    def unknown_left(self, reason: UnknownReason) -> None:
        """Counts a face that left and was nobody's."""
        self.unknown_faces.labels(reason.value).inc()

    def track_decided(self, *, named: bool, seconds: float, trace_id: str) -> None:
        """Records the seconds from a track's first frame to its decision; `trace_id` is empty without a trace."""
        exemplar = {"trace_id": trace_id} if trace_id else None
        self.time_to_name.labels("true" if named else "false").observe(seconds, exemplar)
