"""Malformed images against a live server: `python -m tests.fuzz.malformed --images 5000`.

One camera sends nothing else, another sends sound frames meanwhile, and a client asks every unary method that takes
images. What is told in the end is asserted on the way: no restart, no internal error, bounded memory, every frame
accounted for.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import psutil
from portero.v1 import (
    camera_service_pb2,
    camera_service_pb2_grpc,
    gallery_service_pb2,
    gallery_service_pb2_grpc,
    recognition_service_pb2,
    recognition_service_pb2_grpc,
    stream_pb2,
)

from tests.fuzz.malformed_images import malformed_images
from tests.support.images import jpegs
from tests.support.processes.server_process import ServerProcess, running_server

_MIB = 1024 * 1024
_GOOD_INTERVAL = 0.1
# A photograph of 16 megapixels takes 100 to 200 MiB to decode and 50 to search; the allocator keeps some of it.
_MOST_GROWTH = 512 * _MIB
# What a refusal of somebody else's image may be; RESOURCE_EXHAUSTED says when to try again, and that is done.
_FAIR = {grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}


@dataclass(slots=True)
class Figures:
    """What was seen."""

    images: int
    frames: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    unary: Counter[str] = field(default_factory=Counter)
    slowest_unary: float = 0.0
    good_frames: int = 0
    slowest_good: float = 0.0
    memory_before: int = 0
    memory_peak: int = 0
    memory_after: int = 0
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """Returns them in words."""
        return [
            f"{self.images} images in {self.seconds:.0f} s; the server and its workers are the processes they were",
            f"stream: {self.frames} frames answered, rejected {dict(self.rejected.most_common())}",
            f"unary: {dict(self.unary.most_common())}, slowest {self.slowest_unary:.2f} s",
            f"other camera: {self.good_frames} frames, all durable; slowest ack {self.slowest_good:.2f} s",
            f"memory of all processes, MiB: {self.memory_before // _MIB} before, {self.memory_peak // _MIB} at most, "
            f"{self.memory_after // _MIB} after",
        ]


class _Camera:
    """One stream that sends what its credit lets it, and remembers what became durable when."""

    def __init__(self, channel: grpc.aio.Channel, name: str) -> None:
        self._call = recognition_service_pb2_grpc.RecognitionServiceStub(channel).StreamFrames()
        self._name = name
        self._credit = stream_pb2.Credit()
        self._news = asyncio.Event()
        self._sent_frames = self._sent_bytes = 0
        self._sent_at: dict[int, float] = {}
        self.durable = 0
        self.slowest = 0.0
        self.rejected: Counter[str] = Counter()
        self.account: stream_pb2.StreamAccount | None = None

    async def run(self, images: Sequence[bytes], interval: float, stop: asyncio.Event | None = None) -> None:
        """Sends images, or the same again and again until stopped, and finishes."""
        opening = stream_pb2.OpenStream(
            camera=f"cameras/{self._name}", epoch=f"{self._name}-1", mode=stream_pb2.DELIVERY_MODE_LOSSLESS
        )
        await self._call.write(stream_pb2.StreamFramesRequest(open=opening))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            for number, image in enumerate(images):
                if stop is not None and stop.is_set():
                    break
                await self._send(number + 1, image)
                await asyncio.sleep(interval)
            await self._call.write(stream_pb2.StreamFramesRequest(finish=stream_pb2.Finish()))

    async def _send(self, sequence: int, image: bytes) -> None:
        while self._sent_frames + 1 > self._credit.frames or self._sent_bytes + len(image) > self._credit.bytes:
            self._news.clear()
            await self._news.wait()
        self._sent_frames += 1
        self._sent_bytes += len(image)
        self._sent_at[sequence] = time.monotonic()
        frame = stream_pb2.Frame(sequence=sequence, jpeg=image)
        frame.capture_time.GetCurrentTime()
        await self._call.write(stream_pb2.StreamFramesRequest(frame=frame))

    async def _read(self) -> None:
        while isinstance(answer := await self._call.read(), stream_pb2.StreamFramesResponse):
            match answer.WhichOneof("message"):
                case "opened":
                    self._credit = answer.opened.credit
                case "ack":
                    self._credit = answer.ack.credit
                    self._settle(answer.ack.durable_sequence)
                case "frame_rejected":
                    reason = stream_pb2.FrameRejectionReason.Name(answer.frame_rejected.reason)
                    self.rejected[reason.removeprefix("FRAME_REJECTION_REASON_")] += 1
                case "finished":
                    self._settle(answer.finished.durable_sequence)
                    self.account = answer.finished.account
            self._news.set()
        assert await self._call.code() is grpc.StatusCode.OK, await self._call.details()

    def _settle(self, sequence: int) -> None:
        now = time.monotonic()
        for settled in range(self.durable + 1, sequence + 1):
            self.slowest = max(self.slowest, now - self._sent_at.pop(settled))
        self.durable = max(self.durable, sequence)


async def attack(images: Sequence[bytes], folder: Path, **settings: str) -> Figures:
    """Sends the images to a server of its own every way there is; an AssertionError says what should not be."""
    figures = Figures(images=len(images))
    began = time.monotonic()
    async with running_server(folder, **settings) as server:
        options = [("grpc.max_send_message_length", 16 * _MIB), ("grpc.use_local_subchannel_pool", 1)]
        async with (
            grpc.aio.insecure_channel(server.address, options=options) as hostile,
            grpc.aio.insecure_channel(server.address, options=options) as friendly,
        ):
            cameras = camera_service_pb2_grpc.CameraServiceStub(friendly)
            for name in ("hostile", "friendly"):
                await cameras.CreateCamera(camera_service_pb2.CreateCameraRequest(camera_id=name))
            # One photograph through everything first, so that what is loaded with it is not taken for a leak.
            await _ask(hostile, jpegs.picture(640, 480), Figures(0))
            family = _family(server)
            figures.memory_before = _memory(server)
            await _attack(images, hostile, friendly, server, figures)
            figures.memory_after = _memory(server)
            assert _family(server) == family, "a process was started anew"
        faults = [line for line in server.lines if line["event"] in ("rpc_failed", "rpc_interrupted")]
        assert not faults, faults[:3]
        grown = figures.memory_peak - figures.memory_before
        assert grown < _MOST_GROWTH, f"memory grew by {grown // _MIB} MiB"
        assert await server.stop() == 0
    figures.seconds = time.monotonic() - began
    return figures


async def _attack(
    images: Sequence[bytes],
    hostile: grpc.aio.Channel,
    friendly: grpc.aio.Channel,
    server: ServerProcess,
    figures: Figures,
) -> None:
    stop = asyncio.Event()
    bad, good = _Camera(hostile, "hostile"), _Camera(friendly, "friendly")
    sound = [jpegs.picture(320, 240), jpegs.picture(320, 240, gray=True)] * 500_000
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(_watch_memory(server, figures))
        others = tasks.create_task(good.run(sound, _GOOD_INTERVAL, stop))
        await bad.run(images, 0.0)
        for image in images:
            await _ask(hostile, image, figures)
        stop.set()
        await others
        watching.cancel()
    assert bad.account is not None
    assert bad.durable == len(images)
    assert bad.account.missing == 0
    assert bad.account.rejected == sum(bad.rejected.values())
    figures.frames, figures.rejected = bad.durable, bad.rejected
    assert good.account is not None
    assert not good.rejected
    figures.good_frames, figures.slowest_good = good.durable, good.slowest


async def _ask(channel: grpc.aio.Channel, image: bytes, figures: Figures) -> None:
    gallery = gallery_service_pb2_grpc.GalleryServiceStub(channel)
    recognition = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
    faces = recognition_service_pb2.RECOGNITION_FEATURE_FACES
    for call in (
        lambda: gallery.SearchByImage(gallery_service_pb2.SearchByImageRequest(image=image)),
        lambda: recognition.RecognizeImage(
            recognition_service_pb2.RecognizeImageRequest(image=image, features=[faces])
        ),
    ):
        code = grpc.StatusCode.RESOURCE_EXHAUSTED
        while code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            began = time.monotonic()
            code = await call().code()
            figures.slowest_unary = max(figures.slowest_unary, time.monotonic() - began)
        assert code in _FAIR, code
        figures.unary[code.name] += 1


async def _watch_memory(server: ServerProcess, figures: Figures) -> None:
    while True:
        figures.memory_peak = max(figures.memory_peak, _memory(server))
        await asyncio.sleep(0.1)


def _family(server: ServerProcess) -> set[int]:
    process = psutil.Process(server.process.pid)
    return {process.pid, *(child.pid for child in process.children(recursive=True))}


def _memory(server: ServerProcess) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in _family(server))


def main() -> int:
    """Attacks; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--engine", default="local", choices=("local", "scripted"))
    given = parser.parse_args()
    images = malformed_images(given.images, given.seed)
    with tempfile.TemporaryDirectory(prefix="portero-malformed-") as folder:
        figures = asyncio.run(attack(images, Path(folder), engine=given.engine))
    print("\n".join(figures.lines()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
