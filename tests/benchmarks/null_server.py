"""Our own stream with nothing behind it: every part of a frame's path but the look, the engine and the database.

    python -m tests.benchmarks.null_server each|coalesced WINDOW

"coalesced" is the server as it is; "each" commits, and sends an acknowledgment, after every frame.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import structlog
import uvloop

from portero_server.clock import SystemClock
from portero_server.domain.cameras import Camera
from portero_server.domain.recording.sightings import CommitResult, StreamCommit
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.streams.messages import Ack, Message
from portero_server.rpc.server import ServerOptions, build_server
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms
from portero_server.streaming.outbox import Outbox
from portero_server.streaming.recorder import Committing
from portero_server.streaming.session import Session
from portero_server.streaming.stream_clock import UNDECLARED, Opening
from tests.support.server.open_access import open_access, unlimited
from tests.support.server.stream_harness import MemoryCameras, MemoryStore, camera, stream_harness


class _AnyCamera(MemoryCameras):
    async def get(self, camera_id: str) -> Camera:
        return camera(camera_id)

    async def list(self, limit: int, *, within: frozenset[str]) -> list[Camera]:
        return [camera(camera_id) for camera_id in within]


class _Nowhere(MemoryStore):
    """A store that keeps who owns a stream and writes nothing else: what a fake does with a commit is not our path."""

    async def commit(self, commits: Sequence[StreamCommit]) -> CommitResult:
        return _WRITTEN


_WRITTEN = CommitResult(frozenset(), {}, None)


class _EveryAck(Outbox):
    """An outbox that does not replace an Ack by a later one."""

    def __init__(self) -> None:
        super().__init__()
        self._acks: deque[Message] = deque()

    def put(self, message: Message) -> None:
        if isinstance(message, Ack):
            self._acks.append(message)
        super().put(message)

    async def take(self) -> list[Message]:
        taken = await super().take()
        acks, self._acks = self._acks, deque()
        return [*(each for each in taken if not isinstance(each, Ack)), *acks]


class _AtOnce:
    """A recorder that commits when it is told of something, into nothing."""

    def mark(self, stream: Committing) -> None:
        commit = stream.take()
        if commit is not None:
            stream.committed(commit, _WRITTEN)


async def main() -> None:
    """Serves until killed; says its address in one JSON line."""
    each, window = sys.argv[1] == "each", int(sys.argv[2])
    clock = SystemClock()
    async with stream_harness(clock=clock, window=window, max_streams=1000, store=_Nowhere()) as house:
        streams = house.streams
        streams._cameras = _AnyCamera()
        if each:
            streams._parts = replace(streams._parts, recorder=cast("Any", _AtOnce()))
            opened = streams.open

            async def open_acking_each(camera_id: str, epoch: str, opening: Opening = UNDECLARED) -> Session:
                session = await opened(camera_id, epoch, opening)
                session.runner.outbox = _EveryAck()
                # Only commits tell of credit, so that there is one acknowledgment a frame.
                session.state.intake.granted = lambda: ()  # type: ignore[method-assign]
                return session

            streams.open = open_acking_each  # type: ignore[method-assign]
        terms = StreamTerms(FrameLimits(), 15.0, 2.0)
        servicer = RecognitionServicer(
            cast("Any", None), FrameStream(streams, terms, unlimited(clock), clock.now), clock
        )
        server = build_server(ServerOptions("127.0.0.1:0"), [servicer], open_access(), house.metrics.rpc, clock)
        port = await server.start()
        print(json.dumps({"address": f"127.0.0.1:{port}"}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    uvloop.run(main())
