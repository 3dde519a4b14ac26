"""A whole bridge beside its cameras: what one camera does to itself is no other's business."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from portero_bridge.bridge import Bridge
from portero_bridge.events import BridgeEvent, CameraFailed, ImageSkipped, SourceDown, SourceUp
from portero_bridge.metrics import BridgeMetrics
from portero_bridge.settings import BridgeSettings, CameraSettings
from portero_client.errors import PorteroError
from portero_client.settings import ConnectionSettings
from tests.support.bridge.mjpeg_camera import BOUNDARY, MjpegCamera
from tests.support.bridge.pictures import picture
from tests.support.bridge.server import BridgeServer


class Watched:
    """A bridge that runs, and what it told."""

    def __init__(self, settings: BridgeSettings, server: BridgeServer) -> None:
        self.events: list[BridgeEvent] = []
        self.metrics = BridgeMetrics()
        self.bridge = Bridge(
            settings, ConnectionSettings(server.address), emit=self.events.append, metrics=self.metrics
        )

    def told(self, kind: type[BridgeEvent], camera: str) -> int:
        """Says how often something happened to a camera."""
        return sum(isinstance(event, kind) and event.camera == camera for event in self.events)


@asynccontextmanager
async def running(server: BridgeServer, *cameras: CameraSettings) -> AsyncIterator[Watched]:
    """Runs a bridge until the end of the block."""
    settings = BridgeSettings(
        cameras=list(cameras),
        server_retry_base=0.001,
        server_retry_cap=0.01,
        camera_retry_base=0.001,
        camera_retry_cap=0.01,
    )
    watched = Watched(settings, server)
    task = asyncio.create_task(watched.bridge.run())
    yield watched
    watched.bridge.stop()
    await task


@pytest.fixture
async def other() -> AsyncIterator[MjpegCamera]:
    """Yields a second camera, which nothing ever happens to."""
    camera = MjpegCamera(lambda number: picture(1000 + number))
    await camera.start()
    yield camera
    await camera.kill()


async def test_esp32_camera_killed_frozen_and_noisy(
    server: BridgeServer, camera: MjpegCamera, other: MjpegCamera
) -> None:
    """The bridge comes back from each fault by itself, and the camera beside never pauses."""

    async def door_streams() -> None:
        goal = len(server.record("door").frames) + 3
        while len(server.record("door").frames) < goal:
            # Whoever waits too long for a picture in this test reconnects, so one picture may meet nobody.
            await camera.connected()
            await camera.show()
            with contextlib.suppress(TimeoutError):
                seen = len(server.record("door").frames)
                await server.until_frames("door", seen + 1, seconds=0.1)

    async def hall_goes_on() -> None:
        before = len(server.record("hall").frames)
        for number in range(1, 6):
            await other.show()
            await server.until_frames("hall", before + number)

    async with running(
        server,
        CameraSettings(name="door", source=camera.url, rate=None, read_timeout=0.3),
        CameraSettings(name="hall", source=other.url, rate=None, read_timeout=60),
    ) as watched:
        await camera.connected()
        await other.connected()
        await door_streams()

        await camera.kill()
        await hall_goes_on()
        await camera.start()
        await camera.connected(times=2)
        await door_streams()

        # Frozen: the connection stands, and nothing comes for longer than the read timeout.
        await hall_goes_on()
        await camera.connected(times=3)
        await door_streams()

        await camera.send(b"\r\n--" + BOUNDARY.encode() + b"\r\nContent-Length: 99999\r\n\r\n" + b"\xff\xd8noise" * 50)
        await camera.send(bytes(range(256)) * 20)
        await hall_goes_on()
        await door_streams()

        assert watched.told(SourceDown, "door") >= 2
        assert watched.told(SourceUp, "hall") == 1
        assert watched.told(SourceDown, "hall") == 0
        assert other.connections == 1
    assert server.opens("hall") == server.opens("door") == 1
    assert server.record("hall").gaps == server.record("door").gaps == {}
    assert _value(watched.metrics.registry, "portero_bridge_reconnects_total", camera="hall", peer="camera") == 0
    assert _value(watched.metrics.registry, "portero_bridge_reconnects_total", camera="door", peer="camera") >= 2


async def test_metrics_tell_how_each_camera_is(server: BridgeServer, camera: MjpegCamera) -> None:
    """Images, frames, gaps and the state of source and stream are there under their names."""
    async with running(server, CameraSettings(name="door", source=camera.url, rate=None)) as watched:
        registry = watched.metrics.registry
        await camera.connected()
        await camera.show(4)
        await server.until_durable("door", 4)
        assert _value(registry, "portero_bridge_source_up", camera="door") == 1
        assert _value(registry, "portero_bridge_stream_open", camera="door") == 1
        assert _value(registry, "portero_bridge_source_fps", camera="door") > 0
    assert _value(registry, "portero_bridge_frames_read_total", camera="door") == 4
    assert _value(registry, "portero_bridge_frames_sent_total", camera="door") == 4
    assert _value(registry, "portero_bridge_gap_frames_total", camera="door", reason="no_credit") == 0
    assert _value(registry, "portero_bridge_stream_open", camera="door") == 0
    assert _value(registry, "portero_bridge_unacked_frames", camera="door") == 0


async def test_camera_that_cannot_work_fails_alone(
    server: BridgeServer, camera: MjpegCamera, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A scene without its portrait is tried again and again, and the other camera streams."""
    script = tmp_path_factory.mktemp("scene") / "scene.yaml"
    script.write_text("{duration: 1, visits: [{portrait: gone.jpg, start: 0, duration: 1, path: [[0, 0]]}]}")
    async with running(
        server,
        CameraSettings(name="broken", source=f"synthetic:{script}"),
        CameraSettings(name="door", source=camera.url, rate=None),
    ) as watched:
        await camera.connected()
        await camera.show(2)
        await server.until_durable("door", 2)
        assert watched.told(CameraFailed, "broken") >= 1


async def test_bridge_of_recordings_ends_with_them(
    server: BridgeServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """When every camera is wanted once, the bridge ends by itself; a recording that failed is told at the end."""
    good, empty = tmp_path_factory.mktemp("good"), tmp_path_factory.mktemp("empty")
    (good / "1.jpg").write_bytes(picture(1))
    settings = BridgeSettings(
        cameras=[
            CameraSettings(name="good", source=str(good), once=True),
            CameraSettings(name="empty", source=str(empty), once=True),
        ]
    )
    watched = Watched(settings, server)
    with pytest.raises(PorteroError, match="the folder holds no image"):
        await watched.bridge.run()
    assert len(server.record("good").frames) == 1
    assert watched.told(CameraFailed, "empty") == 1


async def test_a_bad_file_ends_no_folder(server: BridgeServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The good images around it are delivered, the bad one is named, and the end says that one is missing."""
    folder = tmp_path_factory.mktemp("folder")
    for name in ("1.jpg", "3.jpg"):
        (folder / name).write_bytes(picture(int(name[0])))
    (folder / "2.jpg").write_text("not an image")
    watched = Watched(BridgeSettings(cameras=[CameraSettings(name="door", source=str(folder), once=True)]), server)
    with pytest.raises(PorteroError, match="door: 1 images could not be used and were skipped"):
        await watched.bridge.run()
    assert sorted(server.record("door").frames) == [1, 2]
    assert watched.told(ImageSkipped, "door") == 1


def _value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    value = registry.get_sample_value(name, labels)
    assert value is not None
    return value
