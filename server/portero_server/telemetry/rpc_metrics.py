"""Metrics of RPCs: rate, errors and duration, under the names that gRPC dashboards expect; and of calls wasted."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from portero_server.domain.access.wasted_calls import Waste
from portero_server.telemetry import instruments

_CODES = (
    "OK",
    "CANCELLED",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "INTERNAL",
    "UNKNOWN",
)
"""Codes used by alerts and dashboards; other codes appear when they first occur."""


CALL_REFUSALS = (
    "TOO_MANY_CALLS",
    "TOO_MANY_CALLS_OF_IDENTITY",
    "TOO_MANY_IMAGE_CALLS",
    "TOO_MANY_WAITING_CALLS",
    "TOO_MANY_LONG_CALLS",
    "CALL_TOO_LONG",
    "NO_MESSAGE_IN_TIME",
    "ANSWER_NOT_TAKEN",
)
"""Why a call is refused or ended for the place it takes."""


CALL_STATES = ("served", "images", "waiting", "receiving_images", "long")
"""Of what calls are counted at this moment."""


class RpcMetrics:
    """Counts every RPC."""

    def __init__(self, registry: CollectorRegistry) -> None:
        method = ("grpc_type", "grpc_service", "grpc_method")
        self.started = Counter("grpc_server_started", "RPCs begun.", method, registry=registry)
        self.handled = Counter(
            "grpc_server_handled", "RPCs ended, by status code.", (*method, "grpc_code"), registry=registry
        )
        self.seconds = Histogram(
            "grpc_server_handling_seconds",
            "Time of unary RPCs; a stream lasts as long as its camera.",
            method,
            buckets=instruments.RPC,
            registry=registry,
        )

        self.calls = Gauge(
            "portero_calls",
            "Calls at this moment: served (streams included), images (served ones with images), waiting (for their "
            "first message), receiving_images, long (health watches and reflection).",
            ("state",),
            registry=registry,
        )
        self.calls_limit = Gauge(
            "portero_calls_limit",
            "Most calls of each state; PORTERO_MAX_CALLS and others.",
            ("state",),
            registry=registry,
        )
        self.refused = Counter(
            "portero_call_refusals",
            "Calls refused or ended for the place they take, by reason.",
            ("reason",),
            registry=registry,
        )
        for state in CALL_STATES:
            self.calls.labels(state)
            self.calls_limit.labels(state)
        for reason in CALL_REFUSALS:
            self.refused.labels(reason)

    def call_refused(self, reason: str) -> None:
        """Counts a call that admission refused or ended."""
        self.refused.labels(reason).inc()

    def calls_are(self, load: Mapping[str, tuple[int, int]]) -> None:
        """Sets the number of calls in each state, and their limits."""
        for state, (count, most) in load.items():
            self.calls.labels(state).set(count)
            self.calls_limit.labels(state).set(most)

    def rpc_known(self, service: str, method: str, kind: str) -> None:
        """Creates the series of an RPC that the server offers, at zero."""
        self.started.labels(kind, service, method)
        for code in _CODES:
            self.handled.labels(kind, service, method, code)
        if kind == "unary":
            self.seconds.labels(kind, service, method)

    def rpc_begun(self, service: str, method: str, kind: str) -> None:
        """Counts an RPC that started."""
        self.started.labels(kind, service, method).inc()

    def rpc_ended(self, service: str, method: str, kind: str, code: str, seconds: float) -> None:
        """Counts an RPC that ended; only unary ones are timed."""
        self.handled.labels(kind, service, method, code).inc()
        if kind == "unary":
            self.seconds.labels(kind, service, method).observe(seconds)


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
