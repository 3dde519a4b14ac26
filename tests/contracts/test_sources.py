"""The contract of sources on the bridge's own, with files, a real HTTP server and real processes, and on the fake."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from portero_bridge.sources.base import CapturedImage, SourceOptions
from portero_bridge.sources.device import open_device
from portero_bridge.sources.file import FileSource
from portero_bridge.sources.folder import FolderSource
from portero_bridge.sources.mjpeg import MjpegSource
from portero_bridge.sources.mqtt import MqttSource
from portero_bridge.sources.mqtt_connection import subscribed
from portero_bridge.sources.rtsp import open_rtsp
from portero_bridge.sources.synthetic import open_synthetic
from portero_client.streaming.clock import Clock
from tests.contracts.source_contract import SECRET, SourceCase, SourceContract
from tests.support.bridge.broker import MemoryBroker, MosquittoBroker
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.mjpeg_camera import MjpegCamera
from tests.support.bridge.pictures import picture
from tests.support.bridge.source import PushedSource
from tests.support.processes.mosquitto_process import MISSING, is_installed
from tests.support.time.timeouts import PATIENCE


def _options(address: str | Path, *, realtime: bool = False, clock: Clock | None = None) -> SourceOptions:
    return SourceOptions(str(address), 10, None, 85, realtime, PATIENCE, PATIENCE, clock or JumpingClock())


def _video(path: Path, frames: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), number % 50 * 5, np.uint8))
    writer.release()
    return path


@pytest.mark.parametrize("realtime", [False, True], ids=["as fast as accepted", "in real time"])
class TestFile(SourceContract):
    """A video file."""

    @pytest.fixture
    async def case(self, tmp_path: Path, realtime: bool) -> SourceCase:
        """A clip of five frames."""
        clip = _video(tmp_path / "clip.avi", 5)
        broken = FileSource(_options(tmp_path / "gone.avi"))
        return SourceCase(FileSource(_options(clip, realtime=realtime)), broken, repeats=True)


@pytest.mark.parametrize("realtime", [False, True], ids=["as fast as accepted", "in real time"])
class TestFolder(SourceContract):
    """A folder of images."""

    @pytest.fixture
    async def case(self, tmp_path: Path, realtime: bool) -> SourceCase:
        """Five pictures, one of which must be decoded."""
        for number in range(4):
            (tmp_path / f"{number}.jpg").write_bytes(picture(number))
        cv2.imwrite(str(tmp_path / "1b.png"), np.full((48, 64, 3), 80, np.uint8))
        broken = FolderSource(_options(tmp_path / "gone"))
        return SourceCase(FolderSource(_options(tmp_path, realtime=realtime)), broken, repeats=True)


class TestSynthetic(SourceContract):
    """The moving shapes that need no file."""

    @pytest.fixture
    async def case(self) -> SourceCase:
        """The scene, as fast as its pictures are taken."""
        return SourceCase(open_synthetic(_options("synthetic:")), repeats=True)


@pytest.fixture
async def camera() -> AsyncIterator[MjpegCamera]:
    """A camera that serves HTTP on this machine and wants a password."""
    camera = MjpegCamera(picture, password=f"admin:{SECRET}")
    await camera.start()
    yield camera
    await camera.kill()


def _off(path: str) -> MjpegSource:
    # Nothing listens on the discard port.
    return MjpegSource(_options(f"http://admin:{SECRET}@127.0.0.1:9/{path}"))


def _known(url: str) -> str:
    return url.replace("://", f"://admin:{SECRET}@")


class _Counted(MjpegSource):
    """A source that counts how often its images were asked for."""

    opened = 0

    def images(self) -> AsyncGenerator[CapturedImage, None]:
        self.opened += 1
        return super().images()


class TestMjpegStream(SourceContract):
    """An endless multipart stream over HTTP."""

    @pytest.fixture
    async def case(self, camera: MjpegCamera) -> SourceCase:
        """A camera that shows a picture when it is told to."""
        source = _Counted(_options(_known(camera.url)))

        async def show() -> None:
            await camera.connected(source.opened)
            await camera.show()

        return SourceCase(source, _off("stream"), show, camera.kill, lambda: len(camera.requests))


class TestMjpegSnapshots(SourceContract):
    """One JPEG per answer, over HTTP."""

    @pytest.fixture
    async def case(self, camera: MjpegCamera) -> SourceCase:
        """A camera that answers each request with its next picture."""
        source = MjpegSource(_options(_known(camera.snapshot_url)))
        return SourceCase(source, _off("capture"), stop=camera.kill, connections=lambda: len(camera.requests))


@pytest.mark.parametrize(
    "kind", [MemoryBroker, pytest.param(MosquittoBroker, marks=pytest.mark.skipif(not is_installed(), reason=MISSING))]
)
class TestMqtt(SourceContract):
    """Pictures that are published to a topic."""

    @pytest.fixture
    async def case(self, kind: type[MemoryBroker | MosquittoBroker], tmp_path: Path) -> AsyncIterator[SourceCase]:
        """A camera that publishes when it is told to, and a broker that retained a picture of before."""
        broker = MosquittoBroker(tmp_path) if kind is MosquittoBroker else MemoryBroker()
        await broker.start()
        await broker.publish("cam", picture(0), retain=True)
        source = _CountedMqtt(_options(broker.url("cam")), broker.subscribe)
        off = MqttSource(_options(f"mqtt://admin:{SECRET}@127.0.0.1:9/cam"), subscribed)
        shown = 0

        async def show() -> None:
            nonlocal shown
            await broker.until_subscribed(source.opened)
            shown += 1
            await broker.publish("cam", picture(shown))

        yield SourceCase(source, off, show, broker.kill, lambda: broker.subscriptions)
        await broker.kill()


class _CountedMqtt(MqttSource):
    """A source that counts how often its images were asked for."""

    opened = 0

    def images(self) -> AsyncGenerator[CapturedImage, None]:
        self.opened += 1
        return super().images()


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of so many frames that some are left when the first have come."""
    return _video(tmp_path_factory.mktemp("clips") / "long.avi", 20_000)


class TestCapture(SourceContract):
    """OpenCV's capture in a process of its own, which reads a file as it would read a device or an RTSP stream."""

    @pytest.fixture(params=[open_device, open_rtsp], ids=["device", "rtsp"])
    async def case(self, request: pytest.FixtureRequest, long_clip: Path) -> SourceCase:
        """A long clip; the process passes over frames, as it does with a camera that is faster than its reader."""
        options = _options(long_clip)
        broken = request.param(replace(options, address=str(long_clip.with_name(f"{SECRET}.avi"))))
        return SourceCase(request.param(options), broken)


@pytest.mark.parametrize("finite", [False, True], ids=["endless", "finite"])
class TestPushed(SourceContract):
    """The source that tests of the bridge push pictures into."""

    @pytest.fixture
    async def case(self, finite: bool) -> SourceCase:
        """A picture is pushed whenever one is asked for."""
        source, broken = PushedSource(is_finite=finite, waits=True), PushedSource()
        broken.fail("the camera is off")
        broken.fail("the camera is off")

        async def show() -> None:
            source.push()

        async def stop() -> None:
            source.end()

        return SourceCase(source, broken, show, stop)
