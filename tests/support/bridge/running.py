"""A camera that streams in the background of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from portero_bridge.camera import run_camera
from portero_bridge.events import BridgeEvent
from portero_bridge.settings import CameraSettings, Tuning
from portero_client.streaming.events import StreamAccount
from portero_client.streaming.notifier import Notifier
from tests.support.bridge.server import BridgeServer
from tests.support.bridge.source import PushedSource
from tests.support.time.timeouts import PATIENCE

QUICK = Tuning(
    server_retry_base=0.001, server_retry_cap=0.01, camera_retry_base=0.001, camera_retry_cap=0.001, stop_timeout=5
)


def camera_settings(**values: Any) -> CameraSettings:
    """Returns settings for the camera of these tests."""
    return CameraSettings(**{"name": "lobby", "source": "0", "rate": None, **values})


class Running:
    """A camera that runs in the background of a test."""

    def __init__(self) -> None:
        self.events: list[BridgeEvent] = []
        self.stop = asyncio.Event()
        self._bell = Notifier()
        self.task: asyncio.Task[StreamAccount | None]

    def take(self, event: BridgeEvent) -> None:
        """Remembers an event."""
        self.events.append(event)
        self._bell.notify()

    async def until(self, kind: type[BridgeEvent], times: int = 1) -> None:
        """Waits until the bridge has told something."""
        async with asyncio.timeout(PATIENCE):
            while len(self.of(kind)) < times:
                await self._bell.wait()

    def of(self, *kinds: type[BridgeEvent]) -> list[BridgeEvent]:
        """Returns the events of some kinds."""
        return [event for event in self.events if isinstance(event, kinds)]


@asynccontextmanager
async def running(
    server: BridgeServer, source: PushedSource, tuning: Tuning = QUICK, **values: Any
) -> AsyncIterator[Running]:
    """Runs a camera until the end of the block, then stops it in good order."""
    camera = Running()
    camera.task = asyncio.create_task(
        run_camera(
            camera_settings(**values),
            server=server.address,
            on_event=camera.take,
            tuning=tuning,
            source=source,
            stop=camera.stop,
        )
    )
    try:
        yield camera
        camera.stop.set()
        await camera.task
    finally:
        camera.task.cancel()
