"""Metrics of stored decisions."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from portero_server.domain.recording.reviews import ReviewAction

_UNDO = "undo"


class DecisionMetrics:
    """Counts what is done with stored decisions, and what is left to do."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.replays = Counter("portero_what_if_calls", "Calls of WhatIfThresholds.", registry=registry)
        self.decisions = Counter(
            "portero_what_if_decisions", "Stored decisions that WhatIfThresholds replayed.", registry=registry
        )
        self.reviews = Counter(
            "portero_sighting_reviews",
            "Sightings reviewed, by what was said, and reviews undone.",
            ("action",),
            registry=registry,
        )
        self.waiting = Gauge(
            "portero_review_queue",
            "Sightings that wait to be reviewed, of the latest thousand; 0 where PORTERO_KEEP_DECISIONS is off. Every "
            "server counts the same ones.",
            registry=registry,
        )
        for action in (*(each.value for each in ReviewAction), _UNDO):
            self.reviews.labels(action)

    def reviewed(self, action: ReviewAction) -> None:
        """A person said something of a sighting."""
        self.reviews.labels(action.value).inc()

    def undone(self) -> None:
        """A review was taken back."""
        self.reviews.labels(_UNDO).inc()

    def queue_is(self, sightings: int) -> None:
        """Sets how many sightings wait to be reviewed."""
        self.waiting.set(sightings)

    def replayed(self, decisions: int) -> None:
        """A question was answered from so many decisions."""
        self.replays.inc()
        self.decisions.inc(decisions)
