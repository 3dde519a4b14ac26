"""Metrics of strangers who are known again."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from portero_server.domain.people.visitors import VisitorOutcome


class VisitorMetrics:
    """Shows what becomes of strangers where PORTERO_VISITORS is set."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.strangers = Counter(
            "portero_visitor_strangers",
            "Strangers with a face good enough to be compared, by what became of them: new, known (came before), "
            "unsure (nobody can tell: no visitor), named (a person after all), unstored (no sighting came), full (the "
            "site knows PORTERO_VISITOR_LIMIT visitors), dropped (too many waited).",
            ("outcome",),
            registry=registry,
        )
        self.returned = Counter(
            "portero_visitor_returns", "Strangers whose visit was not their first.", registry=registry
        )
        self.forgotten = Counter(
            "portero_visitor_forgotten", "Visitors who were forgotten on request, by id or by photo.", registry=registry
        )
        self.promoted = Counter(
            "portero_visitor_promoted", "Visitors whose sightings became an enrolled person's.", registry=registry
        )
        for outcome in VisitorOutcome:
            self.strangers.labels(outcome.value)

    def stranger_seen(self, outcome: VisitorOutcome) -> None:
        """Counts a stranger whose face was good enough."""
        self.strangers.labels(outcome.value).inc()

    def visitor_returned(self) -> None:
        """Counts a visit of somebody who came before."""
        self.returned.inc()

    def visitor_promoted(self) -> None:
        """Counts a visitor who turned out to be a person."""
        self.promoted.inc()

    def visitors_forgotten(self, count: int) -> None:
        """Counts visitors who were forgotten on request."""
        self.forgotten.inc(count)
