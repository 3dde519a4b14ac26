"""Runs OpenCV's capture in a separate process, because only a process can be killed while a read hangs.

The child (`capture_child.py`) encodes the newest picture whenever the pipe accepts one; older ones are dropped. It ends
by itself when this process ends.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import CapturedImage
from portero_bridge.sources.capture_record import HEADER, CaptureJob, RecordKind, unpack_header

CHILD = (sys.executable, "-m", "portero_bridge.sources.capture_child")
"""The command of a capture process."""

# Seconds that a fresh interpreter may take to load OpenCV on a small board.
_START_TIME = 20.0


class CaptureProcess:
    """Captures images in a child process.

    Args:
        job: What to capture.
        command: How the child is started.
    """

    is_finite = False
    waits = False

    def __init__(self, job: CaptureJob, command: Sequence[str] = CHILD) -> None:
        self._job = job
        self._command = command

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Starts the child and yields its images; kills it if no image arrives in time.

        Raises:
            SourceFault: The source is off or frozen.
        """
        limit = _START_TIME + self._job.open_timeout
        async with _running(self._command, self._job) as child:
            while True:
                try:
                    async with asyncio.timeout(limit):
                        image = await _read_image(child)
                except TimeoutError as error:
                    raise SourceFault(f"the source gave no image for {limit:g} s") from error
                limit = self._job.read_timeout
                yield image


@asynccontextmanager
async def _running(command: Sequence[str], job: CaptureJob) -> AsyncIterator[Process]:
    # The child's standard error is closed: FFmpeg writes addresses there, with their passwords.
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    try:
        if child.stdin is not None:
            # Its standard input stays open: the end of it tells the child that the bridge is gone.
            child.stdin.write(json.dumps(asdict(job)).encode() + b"\n")
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _read_image(child: Process) -> CapturedImage:
    if child.stdout is None:
        raise SourceFault("the capture process has no output")
    try:
        kind, length, capture_time = unpack_header(await child.stdout.readexactly(HEADER.size))
        payload = await child.stdout.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise SourceFault("the capture process died") from error
    except ValueError as error:
        raise SourceFault(f"the capture process sent something else: {error}") from error
    if kind is RecordKind.FAULT:
        raise SourceFault(payload.decode(errors="replace"))
    return CapturedImage(payload, capture_time)
