"""Metrics of stored decisions."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class DecisionMetrics:
    """Counts what is done with stored decisions."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.replays = Counter("portero_what_if_calls", "Calls of WhatIfThresholds.", registry=registry)
        self.decisions = Counter(
            "portero_what_if_decisions", "Stored decisions that WhatIfThresholds replayed.", registry=registry
        )

    def replayed(self, decisions: int) -> None:
        """A question was answered from so many decisions."""
        self.replays.inc()
        self.decisions.inc(decisions)
