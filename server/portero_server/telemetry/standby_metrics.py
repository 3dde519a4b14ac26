"""Metrics of the collection that stands by beside the one in use."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.people.shadow import ShadowOutcome
from portero_server.domain.people.standby import FIRST, STANDING_BY, Sides, StandbyCounts

_NONE = "none"
_ENROLLMENTS = ("taught", "known", "refused", "failed")


class StandbyMetrics:
    """Shows which collection is in use, and whether the other one could be."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.number = Gauge(
            "portero_collection_number",
            "Number of the collection that this server searches; 1: that of the settings.",
            registry=registry,
        )
        self.state = Gauge(
            "portero_standby_state",
            "1 for the state of the collection beside the one in use: none, preparing, kept (after a switch), "
            "dropping.",
            ("state",),
            registry=registry,
        )
        self.missing_faces = Gauge(
            "portero_standby_missing_faces",
            "Faces in use whose photograph has taught the collection that stands by none; 0 while none does.",
            registry=registry,
        )
        self.missing_people = Gauge(
            "portero_standby_missing_people",
            "People with faces in use who have none in the collection that stands by; 0 while none does.",
            registry=registry,
        )
        self.enrollments = Counter(
            "portero_standby_enrollments",
            "Enrollments while a collection stands by, by what became of them there: taught, known, refused, failed.",
            ("outcome",),
            registry=registry,
        )
        self.shadow = Counter(
            "portero_shadow_searches",
            "Live searches that the standby was asked too (PORTERO_SHADOW_SHARE): same (person), other, only_in_use, "
            "only_standby, neither, unasked (no room, no money or no answer).",
            ("outcome",),
            registry=registry,
        )
        for agreement in ShadowOutcome:
            self.shadow.labels(agreement.value)
        for outcome in _ENROLLMENTS:
            self.enrollments.labels(outcome)
        self.sides_are(None)

    def sides_are(self, sides: Sides | None) -> None:
        """Sets which collection is in use, and which stands by."""
        standby = None if sides is None else sides.standby
        self.number.set(FIRST if sides is None else sides.in_use.place.number)
        state = _NONE if standby is None else standby.role.value
        for each in (_NONE, *(role.value for role in STANDING_BY)):
            self.state.labels(each).set(each == state)

    def standby_lacks(self, counts: StandbyCounts | None) -> None:
        """Sets what the standby lacks; None: there is none."""
        self.missing_faces.set(0 if counts is None else counts.missing_faces)
        self.missing_people.set(0 if counts is None else counts.missing_people)

    def shadow_searched(self, outcome: ShadowOutcome) -> None:
        """Counts a live search that the standby was asked too."""
        self.shadow.labels(outcome.value).inc()

    def standby_taught(self, outcome: str) -> None:
        """Counts an enrollment: taught, known, refused, or failed."""
        self.enrollments.labels(outcome).inc()
