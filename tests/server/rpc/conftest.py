"""Real servers on loopback ports, with a channel to each; and a whole house behind one, on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from portero.v1 import (
    camera_service_pb2_grpc,
    gallery_service_pb2_grpc,
    recognition_service_pb2_grpc,
    sighting_service_pb2_grpc,
    stream_pb2,
)

from portero_server.clock import SystemClock
from portero_server.engines.scripted import ScriptedEngine
from portero_server.gallery.mirror import GalleryMirror
from portero_server.gallery.service import Gallery
from portero_server.recognition.images import Images
from portero_server.rpc.admission import CallLimits
from portero_server.rpc.server import RpcServer, ServerOptions, build_server
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingStore
from portero_server.store.streams import StreamStore
from portero_server.streaming.sighting_watch import SightingWatch, WatchPolicy
from portero_server.streaming.status import LiveStatus
from tests.fakes.open_access import open_access
from tests.fakes.rpc_edge import RecordingObserver
from tests.fakes.sqlite_database import database, migrated_file
from tests.fakes.virtual_time import ManualClock

__all__ = ["database", "migrated_file"]


@dataclass(frozen=True, slots=True)
class Edge:
    """A server that listens, and a client of it."""

    server: RpcServer
    port: int
    channel: grpc.aio.Channel
    observer: RecordingObserver


Serve = Callable[..., Awaitable[Edge]]


class OpenStreams:
    """The streams that are open, as told by the test."""

    def __init__(self) -> None:
        self.open: dict[str, LiveStatus] = {}

    def status(self, camera_id: str) -> LiveStatus | None:
        """Returns how a camera's stream is doing."""
        return self.open.get(camera_id)


class EngineDoor:
    """Holds the engine's answers back while it is shut; `arrived` is released by every call."""

    def __init__(self) -> None:
        self.arrived = asyncio.Semaphore(0)
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, seconds: float) -> None:
        """Stands in for the engine's latency."""
        self.arrived.release()
        await self.open.wait()


@dataclass(frozen=True, slots=True)
class House:
    """All services behind one port, and what stands behind them."""

    edge: Edge
    engine: ScriptedEngine
    engine_door: EngineDoor
    people: PeopleStore
    streams: StreamStore
    recording: Recording
    live: OpenStreams
    watch: SightingWatch
    clock: ManualClock

    @property
    def gallery(self) -> gallery_service_pb2_grpc.GalleryServiceAsyncStub:
        """A client of the gallery."""
        return gallery_service_pb2_grpc.GalleryServiceStub(self.edge.channel)

    @property
    def cameras(self) -> camera_service_pb2_grpc.CameraServiceAsyncStub:
        """A client of the cameras."""
        return camera_service_pb2_grpc.CameraServiceStub(self.edge.channel)

    @property
    def sightings(self) -> sighting_service_pb2_grpc.SightingServiceAsyncStub:
        """A client of the sightings."""
        return sighting_service_pb2_grpc.SightingServiceStub(self.edge.channel)

    @property
    def recognition(self) -> recognition_service_pb2_grpc.RecognitionServiceAsyncStub:
        """A client of the recognition."""
        return recognition_service_pb2_grpc.RecognitionServiceStub(self.edge.channel)


@pytest.fixture
async def house(database: Database, serve: Serve) -> House:
    """A server with every service, the scripted engine, real stores and nobody in the gallery."""
    door, clock, live = EngineDoor(), ManualClock(), OpenStreams()
    engine = ScriptedEngine(sleep=door)
    people, sightings = PeopleStore(database, clock), SightingStore(database)
    watch = SightingWatch(sightings, WatchPolicy(page=3))
    mirror = GalleryMirror(engine, people, refresh=5)
    await mirror.load()
    images = Images(engine, people, engine.traits.policy)
    edge = await serve(
        [
            GalleryServicer(Gallery(engine, people, mirror, clock), images, clock),
            CameraServicer(CameraStore(database, clock), live),
            SightingServicer(sightings, watch),
            RecognitionServicer(images, echo, clock),
        ]
    )
    streams, recording = StreamStore(database, clock), Recording(database, clock)
    return House(edge, engine, door, people, streams, recording, live, watch, clock)


async def echo(requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: Any) -> None:
    """Serves a stream by acknowledging each frame."""
    async for request in requests:
        ack = stream_pb2.Ack(durable_sequence=request.frame.sequence)
        await context.write(stream_pb2.StreamFramesResponse(ack=ack))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers from servicers and ServerOptions, and stops them after the test."""
    async with AsyncExitStack() as stack:

        async def start(servicers: Sequence[object], **options: Any) -> Edge:
            observer = RecordingObserver()
            options = {"listen": "127.0.0.1:0", "limits": CallLimits(), **options}
            auth = options.pop("auth", None) or open_access()
            audit = options.pop("audit", None)
            server = build_server(ServerOptions(**options), servicers, auth, observer, SystemClock(), audit)
            port = await server.start()
            stack.push_async_callback(server.stop, 0)
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            return Edge(server, port, channel, observer)

        yield start
