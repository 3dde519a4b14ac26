"""Runs a real RTSP server, where the system has GStreamer's."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

from tests.support.repository import ROOT
from tests.support.time.timeouts import PATIENCE

# The system's, not the virtual environment's: GStreamer's bindings come from the system.
_PYTHON = "/usr/bin/python3"
_SERVER = ROOT / "tests" / "support" / "bridge" / "rtsp_server.py"
_NEEDS = (
    "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst, GstRtspServer\n"
    "Gst.init(None)\n"
    "assert all(map(Gst.ElementFactory.find, ('x264enc', 'rtph264pay', 'jpegenc', 'rtpjpegpay', 'videotestsrc')))"
)


@cache
def is_installed() -> bool:
    """Whether GStreamer's RTSP server and what it needs are there."""
    try:
        return (
            subprocess.run([_PYTHON, "-c", _NEEDS], capture_output=True, timeout=PATIENCE, check=False).returncode == 0
        )
    except OSError:
        return False


@dataclass(slots=True)
class RtspServer:
    """A running server; `h264-tcp`, `h264-udp`, `mjpeg-tcp`, `mjpeg-udp`, `audio-tcp` are its streams."""

    process: asyncio.subprocess.Process
    port: int

    def url(self, stream: str, credentials: str = "") -> str:
        """Returns a stream's address."""
        return f"rtsp://{credentials}127.0.0.1:{self.port}/{stream}"

    async def kill(self) -> None:
        """Ends the server at once, as a camera that loses its power."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def rtsp_server(**settings: object) -> AsyncIterator[RtspServer]:
    """Runs a server.

    Args:
        settings: Any of `port`, `user`, `password`, `digest` (else Basic), `loss` (share of the packets, 0..1).
    """
    process = await asyncio.create_subprocess_exec(
        _PYTHON, str(_SERVER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(settings).encode() + b"\n")
    try:
        async with asyncio.timeout(PATIENCE):
            port = int(await process.stdout.readline())
        yield RtspServer(process, port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
