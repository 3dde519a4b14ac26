"""A server of the rig by itself, for measurements: no proxy, no faults, one database file."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from portero.v1 import stream_pb2

from portero_client import ConnectionSettings, PorteroClient
from tests.chaos.actors import clean_environment
from tests.chaos.processes import Supervised
from tests.support.images.patch_photos import photo
from tests.support.model.script import PEOPLE_PER_CAMERA, camera_name, color_of, jpeg, person_name, shown

Call = grpc.aio.StreamStreamCall[stream_pb2.StreamFramesRequest, stream_pb2.StreamFramesResponse]

_ADDRESS = re.compile(r'"grpc": ?"([^"]+)"')
_START_TIME = 60.0
_MOST_LINES = 100_000
_LIMITS = ("PORTERO_LIMIT_CONNECTIONS", "PORTERO_LIMIT_REQUESTS", "PORTERO_LIMIT_FRAMES")


class LoneServer:
    """Runs, and tells where.

    Attributes:
        lines: The last of what it logged.
        logged: How much that was in all, bytes.
    """

    def __init__(self, folder: Path, latency: float, settings: dict[str, str], url: str | None) -> None:
        self.lines: deque[str] = deque(maxlen=_MOST_LINES)
        self.logged = 0
        self.address = ""
        self.url = url or f"sqlite+aiosqlite:///{folder / 'portero.db'}"
        self._up = asyncio.Event()
        orders = json.dumps({"seed": 1, "points": {}, "latency": latency, "defects": []})
        environment = {
            **clean_environment(),
            "PORTERO_DATABASE_URL": self.url,
            "PORTERO_ENGINE": "scripted",
            "PORTERO_LISTEN": "127.0.0.1:0",
            "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
            "PORTERO_LOG_FORMAT": "json",
            # One client stands for many: what one may ask for is not what is measured.
            **dict.fromkeys(_LIMITS, "1000000"),
            **{f"PORTERO_{name.upper()}": value for name, value in settings.items()},
        }
        self.process = Supervised(
            "server",
            lambda _: ["tests.chaos.server_main", orders],
            environment,
            on_output=lambda _: None,
            on_log=self._said,
        )
        self.process.last_life()

    async def up(self) -> None:
        """Waits until it serves."""
        async with asyncio.timeout(_START_TIME):
            await self._up.wait()

    def _said(self, line: str) -> None:
        self.lines.append(line)
        self.logged += len(line.encode()) + 1
        if '"serving"' in line and (found := _ADDRESS.search(line)):
            self.address = found.group(1)
            self._up.set()


@asynccontextmanager
async def lone_server(
    folder: Path,
    cameras: int,
    *,
    latency: float = 0.02,
    people: bool = True,
    url: str | None = None,
    **settings: str,
) -> AsyncIterator[LoneServer]:
    """Runs a server that knows so many cameras, and their people if wanted, until the end of the block.

    Its database is a file of its own, or at `url`.
    """
    server = LoneServer(folder, latency, settings, url)
    running = asyncio.create_task(server.process.run())
    try:
        await server.up()
        async with PorteroClient(ConnectionSettings(server.address)) as client:
            for camera in range(cameras):
                await client.cameras.create(camera_name(camera))
                for place in range(PEOPLE_PER_CAMERA if people else 0):
                    name = person_name(camera, place)
                    person = await client.people.create(name, person_id=name)
                    await client.people.enroll(person.name, photo(color_of(name)))
        yield server
    finally:
        if server.process.is_up:
            server.process.kill()
        await running


def opening(camera: int, epoch: str) -> stream_pb2.StreamFramesRequest:
    """Makes the first message of a stream."""
    return stream_pb2.StreamFramesRequest(
        open=stream_pb2.OpenStream(
            camera=f"cameras/{camera_name(camera)}", epoch=epoch, mode=stream_pb2.DELIVERY_MODE_LOSSLESS
        )
    )


def frame_request(camera: int, sequence: int) -> stream_pb2.StreamFramesRequest:
    """Makes the frame with a sequence: the script's image of the index before."""
    frame = stream_pb2.Frame(sequence=sequence, jpeg=jpeg(camera, sequence - 1))
    frame.capture_time.FromDatetime(shown(camera, sequence - 1).captured)
    return stream_pb2.StreamFramesRequest(frame=frame)
