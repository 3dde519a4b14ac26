"""What tests of the bridge share."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from portero_bridge.sources.base import SourceOptions
from portero_client.streaming.clock import Clock, SystemClock
from tests.support.bridge.mjpeg_camera import MjpegCamera
from tests.support.bridge.pictures import picture
from tests.support.bridge.server import BridgeServer
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def server() -> AsyncIterator[BridgeServer]:
    """Yields a running server that knows every camera; at the end nothing may have broken the contract."""
    server = BridgeServer()
    await server.start()
    yield server
    await server.stop()
    assert server.violations == []


@pytest.fixture
async def camera() -> AsyncIterator[MjpegCamera]:
    """Yields a camera that is switched on."""
    camera = MjpegCamera(picture)
    await camera.start()
    yield camera
    await camera.kill()


@pytest.fixture
def source_options() -> Callable[..., SourceOptions]:
    """Returns a maker of what sources are told, with short patience."""

    def make(
        address: str,
        *,
        rate: float | None = None,
        realtime: bool = False,
        read_timeout: float = PATIENCE,
        clock: Clock | None = None,
        **others: Any,
    ) -> SourceOptions:
        return SourceOptions(
            address=address,
            rate=rate,
            max_side=None,
            quality=85,
            realtime=realtime,
            connect_timeout=PATIENCE,
            read_timeout=read_timeout,
            clock=clock or SystemClock(),
            **others,
        )

    return make
