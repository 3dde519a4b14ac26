"""A server that speaks `portero.v1` as strictly as the contract allows, and remembers everything it was sent."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]  # ships stubs, no py.typed
from grpc_status import rpc_status
from portero.v1 import camera_service_pb2, stream_pb2

from tests.support.time.timeouts import PATIENCE

LARGEST = 5 * 1024 * 1024


@dataclass
class Record:
    """What the server knows of one epoch of a camera: frames by sequence as (digest, capture time), and gaps."""

    frames: dict[int, tuple[str, float]] = field(default_factory=dict)
    gaps: dict[int, int] = field(default_factory=dict)
    durable: int = 0


@dataclass(eq=False)
class Stream:
    """One open session."""

    camera: str
    epoch: str
    mode: int
    number: int
    last: int
    frames: int = 0
    bytes: int = 0
    finishing: bool = False
    received: list[stream_pb2.StreamFramesRequest] = field(default_factory=list)
    outbox: asyncio.Queue[stream_pb2.StreamFramesResponse | grpc.StatusCode] = field(default_factory=asyncio.Queue)
    granted: tuple[int, int] = (0, 0)
    agent: str = ""

    def say(self, response: stream_pb2.StreamFramesResponse) -> None:
        """Sends a message."""
        self.outbox.put_nowait(response)

    def drain(self) -> None:
        """Asks the bridge to reconnect."""
        self.say(stream_pb2.StreamFramesResponse(drain=stream_pb2.Drain()))

    def cut(self, code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE) -> None:
        """Ends the call with a status."""
        self.outbox.put_nowait(code)


@dataclass
class Behavior:
    """How the server treats streams; may be changed while it runs."""

    frames_in_flight: int = 16
    bytes_in_flight: int = 64 * 1024 * 1024
    acks: bool = True
    answers_open: bool = True
    heartbeat_interval: float = 5.0
    reads: bool = True
    max_bytes: int = LARGEST
    max_side: int = 4096
    refusals: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)


class BridgeServer:
    """Takes streams in this process; what breaks the contract is in `violations`."""

    def __init__(self, behavior: Behavior | None = None, cameras: set[str] | None = None) -> None:
        self.behavior = behavior or Behavior()
        self.cameras = cameras
        self.records: dict[tuple[str, str], Record] = {}
        self.streams: list[Stream] = []
        self.violations: list[str] = []
        self.port = 0
        self._server: grpc.aio.Server | None = None
        self._changed = asyncio.Condition()

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen: on a free port at first, on the same one again later."""
        # Reusing the port is what a restarted server does; taking it over from a living one is not.
        self._server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers([_service("RecognitionService", StreamFrames=self._streaming())])
        self._server.add_generic_rpc_handlers(
            [_service("CameraService", CreateCamera=self._creating(), GetCameraStatus=self._telling())]
        )
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        await self._server.start()

    async def stop(self) -> None:
        """Goes away at once, as a killed server does: nothing is said to anybody."""
        if self._server is not None:
            await self._server.stop(grace=None)
            self._server = None

    def record(self, camera: str) -> Record:
        """Returns what is known of the latest epoch of a camera."""
        records = [record for (name, _), record in self.records.items() if name == f"cameras/{camera}"]
        return records[-1] if records else Record()

    def stream(self, camera: str) -> Stream:
        """Returns the latest stream of a camera."""
        return [stream for stream in self.streams if stream.camera == f"cameras/{camera}"][-1]

    def opens(self, camera: str) -> int:
        """Says how many sessions of a camera were opened."""
        return sum(stream.camera == f"cameras/{camera}" for stream in self.streams)

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Waits until something about the streams is so."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def until_opened(self, camera: str, sessions: int) -> None:
        """Waits until a camera has opened so many sessions."""
        await self.until(lambda: self.opens(camera) >= sessions)

    async def until_frames(self, camera: str, frames: int, seconds: float = PATIENCE) -> None:
        """Waits until so many different frames of a camera came."""
        await self.until(lambda: len(self.record(camera).frames) >= frames, seconds)

    async def until_durable(self, camera: str, sequence: int) -> None:
        """Waits until a camera's frames up to a sequence are acknowledged."""
        await self.until(lambda: self.record(camera).durable >= sequence)

    async def settle(self, camera: str) -> None:
        """Acknowledges everything that came, where `acks` was off."""
        stream = self.stream(camera)
        self._acknowledge(stream)
        await self._tell()

    def _creating(self) -> grpc.RpcMethodHandler[Any, Any]:
        async def create(
            request: camera_service_pb2.CreateCameraRequest, context: grpc.aio.ServicerContext[Any, Any]
        ) -> camera_service_pb2.CreateCameraResponse:
            if self.cameras is not None:
                self.cameras.add(f"cameras/{request.camera_id}")
            return camera_service_pb2.CreateCameraResponse()

        return grpc.unary_unary_rpc_method_handler(
            create,
            request_deserializer=camera_service_pb2.CreateCameraRequest.FromString,
            response_serializer=camera_service_pb2.CreateCameraResponse.SerializeToString,
        )

    def _telling(self) -> grpc.RpcMethodHandler[Any, Any]:
        async def tell(
            request: camera_service_pb2.GetCameraStatusRequest, context: grpc.aio.ServicerContext[Any, Any]
        ) -> camera_service_pb2.GetCameraStatusResponse:
            answer = camera_service_pb2.GetCameraStatusResponse()
            records = [record for (name, _), record in self.records.items() if name == request.name]
            times = [taken for record in records for _, taken in record.frames.values()]
            if times:
                answer.status.last_frame_time.FromMicroseconds(round(max(times) * 1e6))
            return answer

        return grpc.unary_unary_rpc_method_handler(
            tell,
            request_deserializer=camera_service_pb2.GetCameraStatusRequest.FromString,
            response_serializer=camera_service_pb2.GetCameraStatusResponse.SerializeToString,
        )

    def _streaming(self) -> grpc.RpcMethodHandler[Any, Any]:
        return grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=stream_pb2.StreamFramesRequest.FromString,
            response_serializer=stream_pb2.StreamFramesResponse.SerializeToString,
        )

    async def _stream(
        self, requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[stream_pb2.StreamFramesResponse]:
        first = await anext(aiter(requests))
        if first.WhichOneof("message") != "open":
            self.violations.append("the first message was not Open")
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "open first")
        await self._admit(first.open.camera, context)
        record = self.records.setdefault((first.open.camera, first.open.epoch), Record())
        stream = Stream(first.open.camera, first.open.epoch, first.open.mode, len(self.streams) + 1, record.durable)
        stream.agent = first.open.agent
        self.streams.append(stream)
        if self.behavior.answers_open:
            stream.say(self._opened(stream, record))
        reading = asyncio.create_task(self._read(stream, requests))
        await self._tell()
        try:
            while True:
                said = await stream.outbox.get()
                if isinstance(said, grpc.StatusCode):
                    await context.abort(said, "cut")
                yield said
                if said.HasField("finished"):
                    return
        finally:
            reading.cancel()

    async def _admit(self, camera: str, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        if self.behavior.refusals:
            code, reason = self.behavior.refusals.pop(0)
            await _abort(context, code, reason)
        if self.cameras is not None and camera not in self.cameras:
            await _abort(context, grpc.StatusCode.NOT_FOUND, "CAMERA_NOT_FOUND")

    def _opened(self, stream: Stream, record: Record) -> stream_pb2.StreamFramesResponse:
        opened = stream_pb2.Opened(
            session=f"session-{stream.number}",
            durable_sequence=record.durable,
            credit=self._grant(stream),
            limits=stream_pb2.FrameLimits(
                max_bytes=self.behavior.max_bytes, min_side=80, max_side=self.behavior.max_side, max_pixels=12_000_000
            ),
            heartbeat_interval=_duration(self.behavior.heartbeat_interval),
            decision_deadline=_duration(2.0),
        )
        return stream_pb2.StreamFramesResponse(opened=opened)

    async def _read(self, stream: Stream, requests: AsyncIterator[stream_pb2.StreamFramesRequest]) -> None:
        async for request in requests:
            self._take(stream, request)
            await self._tell()
            while not self.behavior.reads:
                async with self._changed:
                    await self._changed.wait()

    def _take(self, stream: Stream, request: stream_pb2.StreamFramesRequest) -> None:
        stream.received.append(request)
        record = self.records[stream.camera, stream.epoch]
        kind = request.WhichOneof("message")
        if stream.finishing and kind != "heartbeat":
            self.violations.append(f"{kind} after Finish")
        if kind == "open":
            self.violations.append("a second Open")
        elif kind == "frame":
            self._take_frame(stream, record, request.frame)
        elif kind == "gap":
            gap = request.gap
            if gap.first_sequence != stream.last + 1 or gap.last_sequence < gap.first_sequence or not gap.reason:
                self.violations.append(f"gap {gap.first_sequence}-{gap.last_sequence} after {stream.last}")
            for sequence in range(gap.first_sequence, gap.last_sequence + 1):
                record.gaps[sequence] = gap.reason
            stream.last = gap.last_sequence
        elif kind == "finish":
            stream.finishing = True
            record.durable = max(record.durable, stream.last)
            account = stream_pb2.StreamAccount(empty=stream.frames)
            stream.say(
                stream_pb2.StreamFramesResponse(
                    finished=stream_pb2.Finished(durable_sequence=record.durable, account=account)
                )
            )
        if kind in ("frame", "gap") and self.behavior.acks:
            self._acknowledge(stream)

    def _take_frame(self, stream: Stream, record: Record, frame: stream_pb2.Frame) -> None:
        if frame.sequence != stream.last + 1:
            self.violations.append(f"frame {frame.sequence} after {stream.last}")
        stream.last = frame.sequence
        stream.frames += 1
        stream.bytes += len(frame.jpeg)
        if stream.frames > stream.granted[0] or stream.bytes > stream.granted[1]:
            self.violations.append(f"frame {frame.sequence} without credit")
        if len(frame.jpeg) > self.behavior.max_bytes:
            self.violations.append(f"frame {frame.sequence} is oversized")
        digest = hashlib.sha256(frame.jpeg).hexdigest()
        taken = frame.capture_time.ToMicroseconds() / 1e6
        if record.frames.setdefault(frame.sequence, (digest, taken)) != (digest, taken):
            self.violations.append(f"frame {frame.sequence} came again with another content")

    def _acknowledge(self, stream: Stream) -> None:
        record = self.records[stream.camera, stream.epoch]
        record.durable = max(record.durable, stream.last)
        stream.say(
            stream_pb2.StreamFramesResponse(
                ack=stream_pb2.Ack(durable_sequence=record.durable, credit=self._grant(stream))
            )
        )

    def _grant(self, stream: Stream) -> stream_pb2.Credit:
        stream.granted = (
            max(stream.granted[0], stream.frames + self.behavior.frames_in_flight),
            max(stream.granted[1], stream.bytes + self.behavior.bytes_in_flight),
        )
        return stream_pb2.Credit(frames=stream.granted[0], bytes=stream.granted[1])

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _service(name: str, **methods: grpc.RpcMethodHandler[Any, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(f"portero.v1.{name}", methods)


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration


async def _abort(context: grpc.aio.ServicerContext[Any, Any], code: grpc.StatusCode, reason: str) -> None:
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.ErrorInfo(reason=reason, domain="portero"))
    status = rpc_status.to_status(
        status_pb2.Status(code=code.value[0], message=reason.lower().replace("_", " "), details=[detail])
    )
    await context.abort_with_status(status)
