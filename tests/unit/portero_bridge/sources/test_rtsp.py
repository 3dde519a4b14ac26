"""RTSP cameras, played by a real server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import cv2
import numpy as np
import pytest

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import CapturedImage, SourceOptions
from portero_bridge.sources.rtsp import open_rtsp
from portero_client.streaming.clock import SystemClock
from tests.support.processes.ports import free_port
from tests.support.processes.rtsp_process import is_installed, rtsp_server
from tests.support.time.timeouts import PATIENCE

pytestmark = [
    pytest.mark.skipif(not is_installed(), reason="GStreamer's RTSP server is missing: .ci/system rtsp installs it"),
    pytest.mark.slow,
]


def options(address: str, transport: str = "tcp", timeout: float = PATIENCE) -> SourceOptions:
    """Returns what an RTSP source is told."""
    return SourceOptions(address, 10, None, 85, True, timeout, timeout, SystemClock(), rtsp_transport=transport)


async def take(given: SourceOptions, count: int) -> list[CapturedImage]:
    """Returns the first pictures of a camera."""
    taken: list[CapturedImage] = []
    async with asyncio.timeout(PATIENCE), aclosing(open_rtsp(given).images()) as images:
        async for captured in images:
            taken.append(captured)
            if len(taken) == count:
                break
    return taken


async def fault(given: SourceOptions) -> str:
    """Returns why a camera gives no picture."""
    with pytest.raises(SourceFault) as refused:
        await take(given, 1)
    return refused.value.message


def balls(captured: CapturedImage) -> int:
    """Returns how many white balls a picture shows: one, if it is whole."""
    assert isinstance(captured.image, bytes)
    gray = cv2.imdecode(np.frombuffer(captured.image, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    assert gray.shape == (240, 320)
    _, _, found, _ = cv2.connectedComponentsWithStats((gray > 128).astype(np.uint8))
    # Coding leaves specks beside it.
    return int(np.count_nonzero(found[1:, cv2.CC_STAT_AREA] > 50))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "mjpeg"])
async def test_pictures_come_whole_and_in_order(codec: str, transport: str) -> None:
    """H.264 and MJPEG over TCP and UDP: each picture shows its one ball, and the times go on."""
    async with rtsp_server() as server:
        taken = await take(options(server.url(f"{codec}-{transport}"), transport), 5)
    assert [balls(captured) for captured in taken] == [1] * 5
    times = [captured.capture_time for captured in taken]
    assert times == sorted(set(times))


@pytest.mark.parametrize("digest", [False, True], ids=["basic", "digest"])
async def test_a_password_opens_the_camera_as_people_write_it(digest: bool) -> None:
    """`#`, `@` and `/` in a password need no escaping; a wrong one, or none, is told without it."""
    async with rtsp_server(user="admin", password="p#s@s/1", digest=digest) as server:
        assert len(await take(options(server.url("mjpeg-tcp", "admin:p#s@s/1@")), 2)) == 2
        wrong = await fault(options(server.url("mjpeg-tcp", "admin:wr#ng@")))
        assert wrong == "the camera refuses the user name or the password (401)"
        assert await fault(options(server.url("mjpeg-tcp"))) == "the camera wants a user name and a password (401)"


async def test_a_wrong_path_is_told() -> None:
    """The camera is there, the stream is not."""
    async with rtsp_server() as server:
        assert await fault(options(server.url("no-such-stream"))) == "the camera has no stream at this path (404)"


async def test_a_transport_that_the_camera_does_not_speak_is_told() -> None:
    """What would work is named."""
    async with rtsp_server() as server:
        said = await fault(options(server.url("h264-udp"), "tcp"))
    assert said == "the camera offers H264 video, but no picture came over TCP; try rtsp_transport: udp"


async def test_a_stream_without_video_is_told() -> None:
    """A camera's sound is not a picture."""
    async with rtsp_server() as server:
        assert await fault(options(server.url("audio-tcp"))) == "the stream at this path has no video"


async def test_a_camera_that_loses_its_power_is_a_fault_and_comes_back() -> None:
    """A cut in mid-stream ends the images in the read timeout; opened again, they go on."""
    port = free_port()
    async with rtsp_server(port=port) as server:
        source = open_rtsp(options(server.url("mjpeg-tcp"), timeout=3.0))
        async with asyncio.timeout(PATIENCE), aclosing(source.images()) as images:
            await anext(images)
            await server.kill()
            with pytest.raises(SourceFault):
                _ = [captured async for captured in images]
    said = await fault(options(f"rtsp://127.0.0.1:{port}/mjpeg-tcp"))
    assert said == f"the camera refuses connections on port {port}: nothing listens there"
    async with rtsp_server(port=port), asyncio.timeout(PATIENCE), aclosing(source.images()) as images:
        assert await anext(images)


async def test_packets_lost_over_udp_cost_pictures_and_not_the_stream() -> None:
    """With every fiftieth packet lost, pictures go on coming."""
    async with rtsp_server(loss=0.02) as server:
        taken = await take(options(server.url("h264-udp"), "udp"), 10)
    assert len(taken) == 10
