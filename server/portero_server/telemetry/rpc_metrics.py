"""How RPCs fare: rate, errors and duration, under the names that gRPC dashboards expect."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

from portero_server.telemetry import buckets

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
"""What alerts and dashboards ask for; other codes appear when they happen."""


class RpcMetrics:
    """Told by the interceptor of every RPC."""

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
            buckets=buckets.RPC,
            registry=registry,
        )

    def rpc_known(self, service: str, method: str, kind: str) -> None:
        """The server offers this RPC: its series exist from now on, at zero."""
        self.started.labels(kind, service, method)
        for code in _CODES:
            self.handled.labels(kind, service, method, code)
        if kind == "unary":
            self.seconds.labels(kind, service, method)

    def rpc_begun(self, service: str, method: str, kind: str) -> None:
        """An RPC began."""
        self.started.labels(kind, service, method).inc()

    def rpc_ended(self, service: str, method: str, kind: str, code: str, seconds: float) -> None:
        """An RPC ended; only unary ones are timed."""
        self.handled.labels(kind, service, method, code).inc()
        if kind == "unary":
            self.seconds.labels(kind, service, method).observe(seconds)
