"""Runs OpenCV's capture in a separate process, because only a process can be killed while a read hangs.

The child (`capture_child.py`) encodes the newest picture whenever the pipe accepts one; older ones are dropped. It ends
by itself when this process ends.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict

from portero_bridge.backoff import SOUND_SECONDS
from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import CapturedImage
from portero_bridge.sources.capture_record import HEADER, CaptureJob, RecordKind, unpack_header

CHILD = (sys.executable, "-m", "portero_bridge.sources.capture_child")
"""The command of a capture process."""

# Seconds that a fresh interpreter may take to load OpenCV on a small board.
_START_TIME = 20.0
# A child takes half a second of a processor before it knows anything: so those in vain take a quarter of one.
_APART = 2.0


class StartTurns:
    """Spaces the starts of children whose last one was in vain, so that many cameras that fail take no processor.

    Args:
        apart: Seconds between two starts.
    """

    def __init__(self, apart: float = _APART) -> None:
        self._apart = apart
        self._free_at = 0.0

    def claim(self, now: float) -> float:
        """Takes the next turn at monotonic seconds. Returns the seconds until it comes."""
        turn = max(now, self._free_at)
        self._free_at = turn + self._apart
        return turn - now


_TURNS = StartTurns()


async def ask_nobody() -> str:
    """Returns what is said of a source that nobody can be asked about."""
    return "the source could not be opened"


class CaptureProcess:
    """Captures images in a child process.

    Args:
        job: What to capture.
        command: How the child is started.
        ask: Asks the source whether a child is worth its price. Returns why one gets no picture where it cannot tell
            itself; raises SourceFault.
        turns: The turns of all sources whose last child was in vain.
    """

    is_finite = False
    waits = False

    def __init__(
        self,
        job: CaptureJob,
        command: Sequence[str] = CHILD,
        ask: Callable[[], Awaitable[str]] = ask_nobody,
        turns: StartTurns = _TURNS,
    ) -> None:
        self._job = job
        self._command = command
        self._ask = ask
        self._turns = turns
        self._is_failing = False

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Asks the source, starts the child and yields its images; kills it if no image arrives in time.

        Raises:
            SourceFault: The source is off or frozen.
        """
        now = asyncio.get_running_loop().time
        otherwise = await self._ask()
        if self._is_failing:
            await asyncio.sleep(self._turns.claim(now()))
        self._is_failing = True
        first: float | None = None
        limit = _START_TIME + self._job.open_timeout
        async with _running(self._command, self._job) as child:
            while True:
                try:
                    async with asyncio.timeout(limit):
                        image = await _read_image(child, otherwise)
                except TimeoutError as error:
                    raise SourceFault(f"the source gave no image for {limit:g} s") from error
                limit = self._job.read_timeout
                first = now() if first is None else first
                self._is_failing = now() - first < SOUND_SECONDS
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


async def _read_image(child: Process, otherwise: str) -> CapturedImage:
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
    if kind is RecordKind.UNOPENED:
        raise SourceFault(payload.decode(errors="replace") or otherwise)
    return CapturedImage(payload, capture_time)
