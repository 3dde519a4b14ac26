"""Metrics of wasted calls, and of the connections closed for making too many."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from portero_server.domain.access.wasted_calls import Waste


class FloodMetrics:
    """Counts wasted calls and closed connections."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.wasted = Counter(
            "portero_wasted_calls",
            "Calls that came to nothing within a second: canceled by the client (a reset), refused, open to everybody "
            "(health checks), or of an unknown method. Those that gRPC itself refused because its queue was full, or "
            "the connection had its most calls open, are in none of the server's metrics.",
            ("waste",),
            registry=registry,
        )
        self.closed = Counter(
            "portero_flooding_connections_closed",
            "Connections closed for more calls that came to nothing than PORTERO_LIMIT_WASTED_CALLS.",
            registry=registry,
        )
        for waste in Waste:
            self.wasted.labels(waste.value)

    def call_wasted(self, waste: Waste) -> None:
        """Counts a short call that ended without a result."""
        self.wasted.labels(waste.value).inc()

    def connections_closed(self, count: int) -> None:
        """Counts connections that were closed for wasting calls."""
        self.closed.inc(count)
