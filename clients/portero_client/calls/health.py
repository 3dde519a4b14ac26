"""The standard gRPC health check."""

from __future__ import annotations

from grpc_health.v1 import health_pb2

from portero_client.calls.base import Call, unary

# Response metadata in which a Portero server tells its version.
VERSION_KEY = "portero-version"


def check() -> Call[bool]:
    """Checks whether the server as a whole accepts work."""
    serving = health_pb2.HealthCheckResponse.SERVING
    return unary(
        "/grpc.health.v1.Health/Check",
        health_pb2.HealthCheckRequest(service=""),
        health_pb2.HealthCheckResponse,
        lambda answer: bool(answer.status == serving),
    )
