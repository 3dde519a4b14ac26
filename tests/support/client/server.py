"""An in-memory Portero server on a real loopback port, for tests of what talks to one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from tests.support.client.attendance import FakeAttendance
from tests.support.client.audit import FakeAudit
from tests.support.client.cameras import FakeCameras
from tests.support.client.decisions import FakeDecisions
from tests.support.client.documents import FakeDocuments
from tests.support.client.gallery import FakeGallery
from tests.support.client.keys import FakeKeys
from tests.support.client.privacy import FakePrivacy
from tests.support.client.recognition import FakeRecognition
from tests.support.client.sightings import FakeSightings
from tests.support.client.snapshots import FakeSnapshots
from tests.support.client.subscriptions import FakeSubscriptions
from tests.support.client.usage import FakeUsage
from tests.support.client.visitors import FakeVisitors
from tests.support.client.wire import Context, Refusal, StreamMethod, UnaryMethod

VERSION = "9.8.7"


class FakeServer:
    """All unary RPCs, the watches and health.

    Attributes:
        gallery, cameras, sightings, decisions, usage, keys, audit, privacy, documents: The state of each service.
        visitors, subscriptions, snapshots: Likewise.
        calls: How often each method was called.
        serving: What the health check answers.
    """

    def __init__(self) -> None:
        self.gallery = FakeGallery()
        self.cameras = FakeCameras()
        self.sightings = FakeSightings()
        self.decisions = FakeDecisions()
        self.usage = FakeUsage()
        self.keys = FakeKeys()
        self.audit = FakeAudit()
        self.privacy = FakePrivacy()
        self.documents = FakeDocuments()
        self.visitors = FakeVisitors()
        self.subscriptions = FakeSubscriptions()
        self.snapshots = FakeSnapshots()
        self.attendance = FakeAttendance()
        self.calls: Counter[str] = Counter()
        self.serving = True
        self._refusals: defaultdict[str, list[Refusal | None]] = defaultdict(list)
        self._port = 0
        self._server: grpc.aio.Server | None = None

    @property
    def address(self) -> str:
        """HOST:PORT where it listens."""
        return f"127.0.0.1:{self._port}"

    def refuse(self, method: str, refusal: Refusal, times: int = 1, *, after: int = 0) -> None:
        """Answers calls of a method with an error, before they are carried out: so many, after those that are not."""
        self._refusals[method].extend([*([None] * after), *([refusal] * times)])

    def admit_all(self) -> None:
        """Refuses no call any more."""
        self._refusals.clear()

    async def start(self) -> None:
        """Listens; after `stop`, on the same port with the same state."""
        self._server = grpc.aio.server(options=[("grpc.max_receive_message_length", 12 * 1024 * 1024)])
        recognition = FakeRecognition(self.gallery)
        self._server.add_generic_rpc_handlers(
            (
                self._service("portero.v1.GalleryService", self.gallery.methods()),
                self._service("portero.v1.CameraService", self.cameras.methods()),
                self._service("portero.v1.PrivacyService", self.privacy.methods()),
                self._service("portero.v1.DocumentService", self.documents.methods(), self.documents.streams()),
                self._service("portero.v1.VisitorService", self.visitors.methods()),
                self._service("portero.v1.SnapshotService", self.snapshots.methods()),
                self._service("portero.v1.SubscriptionService", self.subscriptions.methods()),
                self._service("portero.v1.AttendanceGroupService", self.attendance.group_methods()),
                self._service("portero.v1.AttendanceService", self.attendance.methods(), self.attendance.streams()),
                self._service("portero.v1.UsageService", self.usage.methods()),
                self._service("portero.v1.AccessService", self.keys.methods()),
                self._service("portero.v1.AuditService", self.audit.methods()),
                self._service("portero.v1.RecognitionService", recognition.methods()),
                self._service("portero.v1.SightingService", self.sightings.methods(), self.sightings.streams()),
                self._service("portero.v1.DecisionService", self.decisions.methods()),
                self._service("grpc.health.v1.Health", {"Check": (health_pb2.HealthCheckRequest, self._check)}),
            )
        )
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        await self._server.start()

    async def stop(self) -> None:
        """Cuts every connection and listens no more."""
        if self._server is not None:
            await self._server.stop(None)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _check(self, request: health_pb2.HealthCheckRequest) -> Message:
        state = health_pb2.HealthCheckResponse
        answer: Message = state(status=state.SERVING if self.serving else state.NOT_SERVING)
        return answer

    def _service(
        self,
        name: str,
        methods: dict[str, tuple[type, UnaryMethod]],
        streams: dict[str, tuple[type, StreamMethod]] | None = None,
    ) -> grpc.GenericRpcHandler:
        handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}
        for method, (request_type, function) in methods.items():
            handlers[method] = grpc.unary_unary_rpc_method_handler(
                self._unary(method, function), _reader(request_type), _bytes_of
            )
        for method, (request_type, stream) in (streams or {}).items():
            handlers[method] = grpc.unary_stream_rpc_method_handler(
                self._stream(method, stream), _reader(request_type), _bytes_of
            )
        return grpc.method_handlers_generic_handler(name, handlers)

    def _unary(self, method: str, function: UnaryMethod) -> Callable[[Any, Any], Any]:
        async def answer(request: Message, context: Context) -> Message | None:
            try:
                self._admit(method)
                message = await function(request)
            except Refusal as refusal:
                await refusal.send(context)
                return None
            # Not before: a call whose headers have come back is never retried.
            await context.send_initial_metadata((("portero-version", VERSION),))
            return message

        return answer

    def _stream(self, method: str, function: StreamMethod) -> Callable[[Any, Any], Any]:
        async def answer(request: Message, context: Context) -> AsyncIterator[Message]:
            try:
                self._admit(method)
                async for message in function(request):
                    yield message
            except Refusal as refusal:
                await refusal.send(context)

        return answer

    def _admit(self, method: str) -> None:
        self.calls[method] += 1
        if self._refusals[method] and (refusal := self._refusals[method].pop(0)) is not None:
            raise refusal


def _reader(request_type: type) -> Callable[[bytes], Any]:
    read: Callable[[bytes], Any] = getattr(request_type, "FromString")  # noqa: B009 - protobuf's classes make it at run time
    return read


def _bytes_of(message: Message) -> bytes:
    return message.SerializeToString()
