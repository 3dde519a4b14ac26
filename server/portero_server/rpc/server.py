"""The gRPC server: its options, services and health checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from portero.v1 import (
    access_service_pb2_grpc,
    attendance_group_service_pb2_grpc,
    attendance_service_pb2_grpc,
    audit_service_pb2_grpc,
    camera_service_pb2_grpc,
    decision_service_pb2_grpc,
    document_service_pb2_grpc,
    gallery_service_pb2_grpc,
    privacy_service_pb2_grpc,
    recognition_service_pb2_grpc,
    sighting_service_pb2_grpc,
    snapshot_service_pb2_grpc,
    subscription_service_pb2_grpc,
    usage_service_pb2_grpc,
    visitor_service_pb2_grpc,
)

from portero_server import __version__
from portero_server.clock import Clock
from portero_server.errors import StartupProblem
from portero_server.rpc.admission import CallAdmission, CallLimits, ConnectionLimits
from portero_server.rpc.auth.interceptor import AuthInterceptor
from portero_server.rpc.call_audit import CallAudit
from portero_server.rpc.flood_guard import FloodGuard
from portero_server.rpc.interceptors import CallInterceptor, RpcObserver, kind_of
from portero_server.rpc.tls import Certificates, port_credentials

_MIB = 1024 * 1024
# CompareImages carries two images of 5 MiB. A stream's frame may be as large: it is then refused in-band.
_MAX_REQUEST = 2 * 5 * _MIB + 64 * 1024

_OPTIONS: Mapping[str, int] = {
    "grpc.max_receive_message_length": _MAX_REQUEST,
    # Bridges ping every 60 s, because a load balancer forgets a connection after 350 s of silence.
    "grpc.http2.min_ping_interval_without_data_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 1,
    # A bridge that loses power does not close its connection; pings detect that.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # Two servers on one port by mistake must fail, not share the calls.
    "grpc.so_reuseport": 0,
    # Only identity (bit 0): JPEG does not shrink, and a compressed request can be a bomb.
    "grpc.compression_enabled_algorithms_bitset": 1,
}

_REGISTRATIONS: Mapping[type, tuple[str, Callable[[Any, grpc.aio.Server], None]]] = {
    access_service_pb2_grpc.AccessServiceServicer: (
        "portero.v1.AccessService",
        access_service_pb2_grpc.add_AccessServiceServicer_to_server,
    ),
    attendance_group_service_pb2_grpc.AttendanceGroupServiceServicer: (
        "portero.v1.AttendanceGroupService",
        attendance_group_service_pb2_grpc.add_AttendanceGroupServiceServicer_to_server,
    ),
    attendance_service_pb2_grpc.AttendanceServiceServicer: (
        "portero.v1.AttendanceService",
        attendance_service_pb2_grpc.add_AttendanceServiceServicer_to_server,
    ),
    audit_service_pb2_grpc.AuditServiceServicer: (
        "portero.v1.AuditService",
        audit_service_pb2_grpc.add_AuditServiceServicer_to_server,
    ),
    camera_service_pb2_grpc.CameraServiceServicer: (
        "portero.v1.CameraService",
        camera_service_pb2_grpc.add_CameraServiceServicer_to_server,
    ),
    decision_service_pb2_grpc.DecisionServiceServicer: (
        "portero.v1.DecisionService",
        decision_service_pb2_grpc.add_DecisionServiceServicer_to_server,
    ),
    document_service_pb2_grpc.DocumentServiceServicer: (
        "portero.v1.DocumentService",
        document_service_pb2_grpc.add_DocumentServiceServicer_to_server,
    ),
    gallery_service_pb2_grpc.GalleryServiceServicer: (
        "portero.v1.GalleryService",
        gallery_service_pb2_grpc.add_GalleryServiceServicer_to_server,
    ),
    privacy_service_pb2_grpc.PrivacyServiceServicer: (
        "portero.v1.PrivacyService",
        privacy_service_pb2_grpc.add_PrivacyServiceServicer_to_server,
    ),
    recognition_service_pb2_grpc.RecognitionServiceServicer: (
        "portero.v1.RecognitionService",
        recognition_service_pb2_grpc.add_RecognitionServiceServicer_to_server,
    ),
    sighting_service_pb2_grpc.SightingServiceServicer: (
        "portero.v1.SightingService",
        sighting_service_pb2_grpc.add_SightingServiceServicer_to_server,
    ),
    snapshot_service_pb2_grpc.SnapshotServiceServicer: (
        "portero.v1.SnapshotService",
        snapshot_service_pb2_grpc.add_SnapshotServiceServicer_to_server,
    ),
    subscription_service_pb2_grpc.SubscriptionServiceServicer: (
        "portero.v1.SubscriptionService",
        subscription_service_pb2_grpc.add_SubscriptionServiceServicer_to_server,
    ),
    usage_service_pb2_grpc.UsageServiceServicer: (
        "portero.v1.UsageService",
        usage_service_pb2_grpc.add_UsageServiceServicer_to_server,
    ),
    visitor_service_pb2_grpc.VisitorServiceServicer: (
        "portero.v1.VisitorService",
        visitor_service_pb2_grpc.add_VisitorServiceServicer_to_server,
    ),
}


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Settings of the gRPC ports.

    Attributes:
        listen: HOST:PORT; port 0 takes a free one.
        reflection: Whether server reflection is offered.
        limits: Most calls at once.
        connections: What one connection may do.
        certificates: Certificate and key that TLS is served with; None: plaintext.
        bridge_listen: HOST:PORT of a second port, where a client certificate is required. Without it the
            first port requires one, if there are authorities for them.
    """

    listen: str
    reflection: bool = True
    limits: CallLimits = field(default_factory=CallLimits)
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)
    certificates: Certificates | None = None
    bridge_listen: str | None = None

    def ports(self) -> list[tuple[str, str, grpc.ServerCredentials | None]]:
        """Returns the address of each port, the setting that names it, and its credentials; None is plaintext."""
        if self.certificates is None:
            return [("PORTERO_LISTEN", self.listen, None)]
        required = self.certificates.verifies_clients and self.bridge_listen is None
        ports = [("PORTERO_LISTEN", self.listen, required)]
        if self.bridge_listen is not None:
            ports.append(("PORTERO_BRIDGE_LISTEN", self.bridge_listen, True))
        return [
            (setting, address, port_credentials(self.certificates, require_client=client))
            for setting, address, client in ports
        ]


class _Health(health.aio.HealthServicer):  # type: ignore[misc]  # grpc_health ships no types
    """Adds the server's version to health check responses, for operators of many servers."""

    async def Check(  # noqa: N802 - named as in the proto
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> health_pb2.HealthCheckResponse:
        """Answers a health check."""
        response: health_pb2.HealthCheckResponse = await super().Check(request, context)
        await context.send_initial_metadata((("portero-version", __version__),))
        return response


class RpcServer:
    """Serves the services on one or two ports. Reports healthy only after `set_serving`."""

    def __init__(
        self,
        server: grpc.aio.Server,
        options: ServerOptions,
        services: Sequence[str],
        admission: CallAdmission,
        guard: FloodGuard | None = None,
    ) -> None:
        self._server = server
        self.admission = admission
        self._guard = guard
        self._options = options
        self._services = tuple(services)
        self.bridge_port: int | None = None
        self._health = _Health()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)

    async def start(self) -> int:
        """Starts to accept calls; the server reports itself unhealthy at first.

        Returns:
            The port. The one for bridges, where there is one, is `bridge_port` from now on.

        Raises:
            StartupProblem: The address cannot be listened on.
        """
        await self.set_serving(False)
        port, *others = [self._add(*port) for port in self._options.ports()]
        self.bridge_port = others[0] if others else None
        if self._guard is not None:
            self._guard.listens_on((port, *others))
        await self._server.start()
        return port

    def _add(self, setting: str, address: str, credentials: grpc.ServerCredentials | None) -> int:
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, credentials)
        except RuntimeError:
            raise StartupProblem(
                f"cannot listen on {address}: the port is taken or the address is not this machine's; "
                f"set {setting} to a free HOST:PORT"
            ) from None

    async def set_serving(self, serving: bool) -> None:
        """Sets the health status of the whole server and of each service."""
        state = health_pb2.HealthCheckResponse
        for service in (health.OVERALL_HEALTH, *self._services):
            await self._health.set(service, state.SERVING if serving else state.NOT_SERVING)

    async def stop(self, grace: float) -> None:
        """Stops accepting calls, and cancels those still open after `grace` seconds.

        Streams end only if asked: send Drain to them first, or this waits for the whole grace period.
        """
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)


def build_server(
    options: ServerOptions,
    servicers: Sequence[object],
    auth: AuthInterceptor,
    observer: RpcObserver,
    clock: Clock,
    audit: CallAudit | None = None,
    guard: FloodGuard | None = None,
) -> RpcServer:
    """Builds the server; call it inside the event loop. It listens only after `start`.

    Args:
        options: What the settings say.
        servicers: One object a service, in any order.
        auth: Authenticates and authorizes calls.
        observer: Receives every call, for metrics.
        clock: For the durations told to the observer.
        audit: Records calls in the audit trail; None: calls are not recorded.
        guard: Closes connections that waste calls; None: none are closed.

    Raises:
        TypeError: An object is not a servicer of portero.v1.
    """
    admission = CallAdmission(options.limits, observer)
    interceptor = CallInterceptor(admission, auth, observer, clock, audit)
    server = grpc.aio.server(
        interceptors=[interceptor] if guard is None else [guard, interceptor],
        options=[*_OPTIONS.items(), *options.connections.options().items()],
        compression=grpc.Compression.NoCompression,
    )
    services = [_register(servicer, server) for servicer in servicers]
    _announce(services, observer)
    if options.reflection:
        reflection.enable_server_reflection((*services, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return RpcServer(server, options, services, admission, guard)


def service_names() -> Sequence[str]:
    """Returns the names of all services that can be registered."""
    return [service for service, _ in _REGISTRATIONS.values()]


def _announce(services: Sequence[str], observer: RpcObserver) -> None:
    """Reports every callable method to the observer."""
    for service in services:
        for method in descriptor_pool.Default().FindServiceByName(service).methods:
            observer.rpc_known(
                service, method.name, kind_of(requests=method.client_streaming, responses=method.server_streaming)
            )


def _register(servicer: object, server: grpc.aio.Server) -> str:
    for base, (service, add) in _REGISTRATIONS.items():
        if isinstance(servicer, base):
            add(servicer, server)
            return service
    raise TypeError(f"{type(servicer).__qualname__} is not a servicer of portero.v1")
