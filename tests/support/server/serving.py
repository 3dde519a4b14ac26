"""What tests of the gRPC edge hold in their hands: a server that listens, and a whole house behind one port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc
from portero.v1 import (
    camera_service_pb2_grpc,
    decision_service_pb2_grpc,
    gallery_service_pb2_grpc,
    recognition_service_pb2_grpc,
    sighting_service_pb2_grpc,
    snapshot_service_pb2_grpc,
    stream_pb2,
)

from portero_server.domain.recording.sightings import SightingEvent
from portero_server.engines.scripted import ScriptedEngine
from portero_server.rpc.server import RpcServer
from portero_server.store.commit.recording import Recording
from portero_server.store.people import PeopleStore
from portero_server.store.streams import StreamStore
from portero_server.streaming.status import LiveStatus
from portero_server.watching.watch import Watch
from tests.support.server.photo_vault import Vault
from tests.support.server.picture_house import PictureHouse
from tests.support.server.rpc_edge import RecordingObserver
from tests.support.server.snapshot_house import SnapshotHouse
from tests.support.time.virtual_time import ManualClock


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
        self.pictures: dict[str, datetime] = {}

    def last_picture(self, camera_id: str) -> datetime | None:
        """Returns the time that a test put in."""
        return self.pictures.get(camera_id)

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
    watch: Watch[SightingEvent]
    clock: ManualClock
    vault: Vault
    pictures: PictureHouse
    snapshots: SnapshotHouse

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
    def decisions(self) -> decision_service_pb2_grpc.DecisionServiceAsyncStub:
        """A client of the decisions."""
        return decision_service_pb2_grpc.DecisionServiceStub(self.edge.channel)

    @property
    def shots(self) -> snapshot_service_pb2_grpc.SnapshotServiceAsyncStub:
        """A client of the snapshots."""
        return snapshot_service_pb2_grpc.SnapshotServiceStub(self.edge.channel)

    @property
    def recognition(self) -> recognition_service_pb2_grpc.RecognitionServiceAsyncStub:
        """A client of the recognition."""
        return recognition_service_pb2_grpc.RecognitionServiceStub(self.edge.channel)


async def echo(requests: AsyncIterator[stream_pb2.StreamFramesRequest], context: Any) -> None:
    """Serves a stream by acknowledging each frame."""
    async for request in requests:
        ack = stream_pb2.Ack(durable_sequence=request.frame.sequence)
        await context.write(stream_pb2.StreamFramesResponse(ack=ack))
