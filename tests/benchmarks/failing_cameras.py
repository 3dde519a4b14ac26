"""One healthy camera beside many that fail: how many of its frames arrive, as a share of those when it is alone.

    python -m tests.benchmarks.failing_cameras --failing 40 --seconds 30 --turns 3

A real `portero-bridge` runs with the healthy camera alone, then with the others beside it, in paired turns: alone,
beside, alone, beside. The healthy camera and a server that takes everything are in this process, the failing cameras in
one of their own. The healthy camera shows VGA pictures at `--rate`, or with `--rate 0` as fast as they are taken; that
needs processors of which nobody else wants anything. The others fail as real ones do, each kind in turn: KINDS. Written
are frames and the bridge's processor time, its child processes included, of each turn; then the share of each pair, and
the processor time that the failing cameras add. What is aimed at: a median share of 0.98.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from tests.support.bridge.odd_camera import OddCamera, OddServer, head
from tests.support.bridge.odd_cameras import ODD_CAMERAS
from tests.support.bridge.server import BridgeServer
from tests.support.processes.bridge_process import running_bridge
from tests.support.tls.certificates import Authority, server_context

_GOAL = 0.98
_BOUNDARY = "frame"
# By then the bridge has started, and every camera has failed for the first time.
_WARM_UP = 8.0
# A test network to which no way leads, and a name that there cannot be (RFC 5737, RFC 6761).
_UNREACHABLE = "http://192.0.2.1/video"
_UNKNOWN = "http://camera.invalid/video"
# No machine has so many cameras.
_MISSING_DEVICE = "999"
_JUNK = OddCamera(
    "junk", "", "", lambda request, number: head(b"multipart/x-mixed-replace; boundary=B") + b"junk" * 30_000
)
_SILENT = OddCamera("silent", "", "", lambda request, number: b"")
_ODD = (
    "not-found",
    "busy",
    "page",
    "redirect-loop",
    "password-refused",
    "self-signed",
    "stream-ends",
    "cut",
    "hangs-up",
)
_DESCRIPTION = b"v=0\r\nm=video 0 RTP/AVP 26\r\n"
# What RTSP cameras answer to every request; none: they take connections and say nothing.
_RTSP = {
    "rtsp-password": b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\n\r\n',
    "rtsp-not-found": b"RTSP/1.0 404 Not Found\r\n\r\n",
    "rtsp-silent": b"",
    # All that a decoder must find out itself, in a process.
    "rtsp-no-picture": b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(_DESCRIPTION), _DESCRIPTION),
}
_LOCAL = ("refused", "unreachable", "unknown-name", "rtsp-refused", "usb-missing")
KINDS = (*_ODD, "drips", "junk", "silent", *_LOCAL, *_RTSP)
"""How the cameras fail."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one turn gave.

    Attributes:
        frames: Frames of the healthy camera that the server got, a second.
        processor: Processor seconds that the bridge took, a second.
    """

    frames: float
    processor: float


class HealthyCamera:
    """Streams pictures to everybody who asks, at a rate or as fast as they are taken."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._pictures = _pictures()
        self.address = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serves until the end of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/stream"
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary={_BOUNDARY}\r\n\r\n".encode()
            )
            due = loop.time()
            for picture in cycle(self._pictures):
                header = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                writer.write(header.encode() + picture + b"\r\n")
                await writer.drain()
                if self._rate:
                    due += 1 / self._rate
                    await asyncio.sleep(max(0.0, due - loop.time()))
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


def _pictures() -> list[bytes]:
    noise = np.random.default_rng(1)
    pictures = []
    for _ in range(16):
        pixels = cv2.GaussianBlur(noise.integers(0, 256, (480, 640, 3), np.uint8), (0, 0), 2)
        done, encoded = cv2.imencode(".jpg", pixels)
        assert done
        pictures.append(encoded.tobytes())
    return pictures


@asynccontextmanager
async def _failing(kinds: tuple[str, ...]) -> AsyncIterator[dict[str, str]]:
    """Runs a process with a camera for each kind of failure. Yields their addresses."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.benchmarks.failing_cameras",
        "--serve",
        "--kinds",
        *kinds,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def serve(kinds: tuple[str, ...]) -> None:
    """Plays the failing cameras until standard input ends, after writing their addresses as a line of JSON."""
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            _write(json.dumps(await _addresses(stack, Path(folder), kinds)))
            await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def _rtsp_camera(answer: bytes) -> AsyncIterator[str]:
    """Runs an RTSP camera that gives one answer to everything. Yields its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"rtsp://admin:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/live"


async def _addresses(stack: AsyncExitStack, folder: Path, kinds: tuple[str, ...]) -> dict[str, str]:
    """Starts a server for each kind of failure. Returns their addresses."""
    odd = {camera.name: camera for camera in ODD_CAMERAS} | {"junk": _JUNK, "silent": _SILENT}
    authority = Authority(folder)
    addresses = {
        "unreachable": _UNREACHABLE,
        "unknown-name": _UNKNOWN,
        "refused": f"http://127.0.0.1:{_closed_port()}/",
    }
    addresses["rtsp-refused"] = addresses["refused"].replace("http", "rtsp")
    addresses["usb-missing"] = _MISSING_DEVICE
    for kind in kinds:
        if kind in _RTSP:
            addresses[kind] = await stack.enter_async_context(_rtsp_camera(_RTSP[kind]))
        elif kind not in addresses:
            camera = odd[kind]
            tls = server_context(authority) if camera.tls else None
            addresses[kind] = (await stack.enter_async_context(OddServer(camera, tls))).address
    return addresses


def _closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def _processor_seconds(pid: int) -> float:
    """Returns what a process and its children, those that ended too, have used."""
    bridge = psutil.Process(pid)
    used = bridge.cpu_times()
    total: float = used.user + used.system + used.children_user + used.children_system
    for child in bridge.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


async def _turn(folder: Path, cameras: list[dict[str, Any]], seconds: float) -> Outcome:
    server = BridgeServer()
    await server.start()
    try:
        async with running_bridge(folder, server.address, cameras, spool_directory=None) as bridge:
            await server.until_frames("healthy", 1)
            await asyncio.sleep(_WARM_UP)
            frames, used = len(server.record("healthy").frames), _processor_seconds(bridge.process.pid)
            await asyncio.sleep(seconds)
            frames = len(server.record("healthy").frames) - frames
            used = _processor_seconds(bridge.process.pid) - used
    finally:
        await server.stop()
    return Outcome(frames / seconds, used / seconds)


async def measure(failing: int, kinds: tuple[str, ...], rate: float, seconds: float, turns: int) -> float:
    """Runs the turns and writes what they gave. Returns the median share of the healthy camera's frames."""
    healthy = HealthyCamera(rate)
    shares: list[float] = []
    added: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(healthy.running())
            addresses = await stack.enter_async_context(_failing(kinds))
            alone = [{"name": "healthy", "source": healthy.address, "rate": None}]
            beside = [
                {"name": f"failing-{number}", "source": addresses[kind]}
                for number, kind in enumerate(islice(cycle(kinds), failing))
            ]
            for turn in range(1, turns + 1):
                first = await _turn(folder, alone, seconds)
                second = await _turn(folder, alone + beside, seconds)
                shares.append(second.frames / first.frames)
                added.append(second.processor - first.processor)
                _write(f"turn {turn}: alone  {first.frames:7.2f} frames/s, {first.processor:6.3f} processor s/s")
                _write(f"        beside {second.frames:7.2f} frames/s, {second.processor:6.3f} processor s/s")
    share = statistics.median(shares)
    _write(f"share of the frames in each pair: {', '.join(f'{each:.4f}' for each in shares)}")
    _write(f"processor s/s that {failing} failing cameras add, median of {turns}: {statistics.median(added):.3f}")
    _write(f"share of the frames, median of {turns}: {share:.4f} (goal {_GOAL})")
    return share


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Runs the program; returns 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add: Callable[..., object] = parser.add_argument
    add("--failing", type=int, default=40, help="how many cameras fail")
    add(
        "--rate", type=float, default=25.0, help="pictures a second of the healthy camera; 0: as fast as they are taken"
    )
    add("--seconds", type=float, default=30.0, help="how long a turn is measured")
    add("--turns", type=int, default=3, help="how often alone and beside take turns")
    add("--kinds", nargs="*", default=list(KINDS), help="which kinds of failures")
    add("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    kinds = tuple(given.kinds)
    if given.serve:
        asyncio.run(serve(kinds))
        return 0
    share = asyncio.run(measure(given.failing, kinds, given.rate, given.seconds, given.turns))
    return 0 if share >= _GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
