"""A server steers a real bridge: what it asks for is obeyed, shown, and costs no frame that was promised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np

from portero_bridge.camera import run_camera
from portero_bridge.events import BridgeEvent
from portero_bridge.settings import CameraSettings
from portero_bridge.sources.base import CapturedImage
from portero_client import CameraStatus, PorteroClient, SteeringCause
from portero_client.settings import ConnectionSettings
from portero_client.streaming.events import Directed, StreamAccount
from portero_client.streaming.frames import DeliveryMode
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE

_RATE = 20.0


class _StillCamera:
    """A live camera before which nothing moves until something does; its noise makes each picture another."""

    is_finite = False
    waits = False

    def __init__(self) -> None:
        self.given = 0
        self.moves = False

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields pictures at the camera's rate."""
        while True:
            self.given += 1
            picture = np.full((240, 320, 3), 30 + self.given % 2, np.uint8)
            if self.moves:
                left = self.given * 16 % 240
                picture[60:180, left : left + 80] = 240
            encoded = cv2.imencode(".jpg", picture)[1].tobytes()
            yield CapturedImage(encoded, datetime.now(UTC))
            await asyncio.sleep(1 / _RATE)


class _Bridge:
    """A bridge in this process, and what its server says of it."""

    def __init__(self, address: str, source: _StillCamera, mode: DeliveryMode) -> None:
        self.client = PorteroClient(ConnectionSettings(address))
        self.stop = asyncio.Event()
        self.asked: list[Directed] = []
        settings = CameraSettings(name="lobby", source="0", rate=None, mode=mode)
        self.task = asyncio.create_task(
            run_camera(settings, server=address, on_event=self._take, source=source, stop=self.stop)
        )

    def _take(self, event: BridgeEvent) -> None:
        if isinstance(event, Directed):
            self.asked.append(event)

    async def until(self, holds: Callable[[CameraStatus], bool]) -> CameraStatus:
        """Waits until the camera's status is as expected."""
        async with asyncio.timeout(PATIENCE):
            while True:
                cameras = [camera async for camera in self.client.cameras.list()]
                if cameras and holds(status := await self.client.cameras.status("lobby")):
                    return status
                await asyncio.sleep(0.05)


@asynccontextmanager
async def _bridge(address: str, source: _StillCamera, mode: DeliveryMode = DeliveryMode.LIVE) -> AsyncIterator[_Bridge]:
    bridge = _Bridge(address, source, mode)
    async with bridge.client:
        yield bridge
    bridge.stop.set()
    await bridge.task


def _is_whole(account: StreamAccount | None) -> bool:
    return account is not None and account.missing == 0 and account.rejected == 0


async def test_an_idle_bridge_slows_down_and_wakes(tmp_path: Path) -> None:
    """Nothing changes: the idle rate comes; something moves: the full rate is back, and no frame is missing."""
    source = _StillCamera()
    async with (
        # A busy machine is not to be taken for an overloaded server here.
        running_server(
            tmp_path, engine="scripted", steer_idle_after="1", steer_wait_limit="600", heartbeat_interval="0.5"
        ) as server,
        _bridge(server.address, source) as bridge,
    ):
        idle = await bridge.until(lambda status: status.asked_max_rate == 2.0 and status.frame_rate < 4)
        assert idle.steering_causes == (SteeringCause.IDLE,)
        assert idle.agent.startswith("portero-bridge/")
        source.moves = True
        awake = await bridge.until(lambda status: status.asked_max_rate is None and status.frame_rate > 6)
        assert awake.steering_causes == ()
        measured = await bridge.until(lambda status: status.network_delay is not None)
        assert measured.network_delay is not None
        assert timedelta() <= measured.network_delay < timedelta(seconds=PATIENCE)
    assert bridge.asked[0].max_rate == 2.0
    assert _is_whole(await bridge.task)
    [opened] = [line for line in server.lines if line["event"] == "stream_opened"]
    assert opened["agent"] == idle.agent


async def test_a_closed_place_gets_no_frames_in_either_mode(tmp_path: Path) -> None:
    """Out of hours the stream stays open and no frame comes; what came before the pause is durable, none is missing."""
    open_day = (datetime.now(UTC) + timedelta(days=3)).strftime("%a")
    async with running_server(tmp_path, engine="scripted", opening_hours=f"{open_day} 09:00-10:00") as server:
        for mode in DeliveryMode:
            source = _StillCamera()
            async with _bridge(server.address, source, mode) as bridge:
                paused = await bridge.until(
                    lambda status: status.asked_pause is not None and status.frame_rate == 0 and status.streaming
                )
                assert paused.steering_causes == (SteeringCause.CLOSED,)
                received, given = paused.frames_received, source.given
                await bridge.until(lambda _, source=source, given=given: source.given >= given + 20)  # type: ignore[misc]
                still = await bridge.client.cameras.status("lobby")
                assert (still.frames_received, still.watermark_lag, still.streaming) == (received, 0, True)
            assert _is_whole(await bridge.task)
