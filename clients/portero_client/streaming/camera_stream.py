"""Streams pictures of a program's own as one camera."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from portero_client.errors import FailedPrecondition, InvalidArgument
from portero_client.settings import ConnectionSettings
from portero_client.streaming.clock import Clock, SystemClock
from portero_client.streaming.counts import FrameCounts
from portero_client.streaming.events import (
    Directed,
    FrameRefused,
    SpoolFailed,
    SpoolSetAside,
    StreamAccount,
    StreamClosed,
    StreamEvent,
    StreamOpened,
    StreamResult,
    TextsRead,
    TrackUpdated,
)
from portero_client.streaming.frames import DeliveryMode, GapReason, ImageLimits
from portero_client.streaming.handover import Handover
from portero_client.streaming.notifier import Notifier
from portero_client.streaming.rate_cap import RateCap
from portero_client.streaming.runner import StreamRunner
from portero_client.streaming.settings import StreamSettings

_LOG = logging.getLogger(__name__)

MAX_RESULTS = 1_000
"""Results that wait to be read: minutes of a busy door. Beyond, the oldest are dropped and counted."""


class CameraStream(AsyncIterator[StreamResult]):
    """An open stream of one camera: `async with portero.stream("front-door") as camera`.

    Numbers the pictures, spends the server's credit, waits for acknowledgments, and resumes by itself after an
    interruption of the connection or a restart of the server. Only permanent errors are raised, by whichever of
    `send`, `finish`, the iteration and the end of the block comes next: a refusal, another client that took the camera
    over, a spool that cannot be opened.

    Iterating yields what the server says about the pictures, until the stream is finished. Iterate in a task of its
    own; without one, only the last `MAX_RESULTS` results are kept.

    Args:
        settings: The stream.
        connection: Where the server is.
        on_event: Called on the event loop with each event, results included; it must not block. An exception ends the
            stream.
        clock: The clock.
        draw: Returns a random number in 0..1, for jitter.
    """

    def __init__(
        self,
        settings: StreamSettings,
        connection: ConnectionSettings,
        *,
        on_event: Callable[[StreamEvent], None] | None = None,
        clock: Clock | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._clock = clock or SystemClock()
        self._handover = Handover()
        self._cap = RateCap()
        self._counts = FrameCounts()
        self._stop = asyncio.Event()
        self._arrived = Notifier()
        self._results: deque[StreamResult] = deque(maxlen=MAX_RESULTS)
        self._missed = 0
        self._limits = ImageLimits()
        self._runner = StreamRunner(
            settings,
            connection,
            feed=self._handover.feed,
            emit=self._take,
            meter=self._counts,
            stop=self._stop,
            clock=self._clock,
            draw=draw,
        )
        self._running: asyncio.Task[StreamAccount | None] | None = None

    @property
    def dropped(self) -> Mapping[GapReason, int]:
        """Frames that will never be sent, by reason; the server was told of each."""
        return dict(self._counts.dropped)

    @property
    def unacked_frames(self) -> int:
        """Frames that were taken and are not durable at the server, in memory or in the spool."""
        return max(self._counts.unacked_frames, self._counts.spooled_frames)

    @property
    def missed_results(self) -> int:
        """Results that were dropped because nobody read them in time."""
        return self._missed

    async def send(self, jpeg: bytes, captured_at: datetime | None = None) -> int | None:
        """Sends a picture, sooner or later as the mode says.

        LIVE does not wait for the server: what waits too long is dropped, and counted in `dropped`. LOSSLESS waits
        while memory is full; with a spool it returns once the picture is on disk, and waits while that is full. A disk
        that fails meanwhile loses the picture, which counts as `dropped` too; the next ones go through memory.

        Args:
            jpeg: A JPEG file.
            captured_at: When the picture was taken, with a time zone; None is now.

        Returns:
            The number of the frame, which results name (`sequence`); None if it was left out because the server asks
            for fewer pictures or for a pause.

        Raises:
            InvalidArgument: The picture is empty or larger than the server takes, or the time has no time zone.
            FailedPrecondition: The stream is not open.
            PorteroError: The stream ended.
        """
        running = self._open_task()
        if captured_at is None:
            captured_at = self._clock.now()
        elif captured_at.tzinfo is None:
            raise InvalidArgument("captured_at must have a time zone", field="captured_at", reason="NO_TIME_ZONE")
        if not 0 < len(jpeg) <= self._limits.max_bytes:
            raise InvalidArgument(
                f"jpeg must have 1 to {self._limits.max_bytes:,} bytes, not {len(jpeg):,}: send a smaller picture",
                field="jpeg",
                reason="BAD_SIZE",
            )
        putting = asyncio.create_task(self._put(captured_at, jpeg))
        try:
            await asyncio.wait([putting, running], return_when=asyncio.FIRST_COMPLETED)
            if putting.done():
                return putting.result()
        finally:
            putting.cancel()
        raise self._ended_by(running)

    async def finish(self) -> StreamAccount | None:
        """Sends what is left, waits until everything is durable at the server, and ends the stream.

        It waits as long as that takes; put it in an `asyncio.timeout` to wait less.

        Returns:
            What became of the frames since the stream was opened last; None if the server did not say.

        Raises:
            PorteroError: The stream ended otherwise.
        """
        running = self._open_task()
        self._handover.end()
        await asyncio.wait([running])
        return None if running.cancelled() else running.result()

    async def aclose(self) -> None:
        """Hangs up at once. What is not durable is lost, unless it is in a spool."""
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait([self._running])

    async def __aenter__(self) -> Self:
        running = self._running = asyncio.create_task(self._runner.run())
        running.add_done_callback(lambda _: self._arrived.notify())
        ready = asyncio.create_task(self._handover.ready())
        try:
            await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            running.cancel()
            raise
        finally:
            ready.cancel()
        if running.done():
            running.result()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes the stream, or hangs up if the block failed.

        It waits `stop_timeout` for the server at most. LOSSLESS in memory waits until everything is durable, because
        leaving would lose it.
        """
        running = self._open_task()
        try:
            if kind is not None:
                return
            owes = self._settings.mode is DeliveryMode.LOSSLESS and self._settings.spool is None
            if not (owes and self.unacked_frames):
                self._stop.set()
            await self.finish()
        finally:
            await self.aclose()
            if kind is not None and not running.cancelled():
                # The block failed with it, or for a reason of its own.
                running.exception()

    async def __anext__(self) -> StreamResult:
        running = self._open_task()
        while not self._results:
            if running.done():
                if not running.cancelled():
                    running.result()
                raise StopAsyncIteration
            await self._arrived.wait()
        return self._results.popleft()

    def _open_task(self) -> asyncio.Task[StreamAccount | None]:
        if self._running is None:
            raise FailedPrecondition("the stream is not open: enter it with `async with`", reason="NOT_OPEN")
        return self._running

    async def _put(self, captured_at: datetime, jpeg: bytes) -> int | None:
        if not await self._is_wanted(captured_at):
            return None
        return await self._handover.put(captured_at, jpeg)

    async def _is_wanted(self, captured_at: datetime) -> bool:
        """Returns whether the server wants a picture now; in a pause LOSSLESS waits for its end."""
        if not self._cap.keep(captured_at.timestamp()):
            return False
        while (context := self._handover.context) is not None:
            pause = context.delivery.pause_left(self._clock.monotonic())
            if pause <= 0:
                break
            if self._settings.mode is DeliveryMode.LIVE:
                return False
            await context.bell.wait(pause)
        return True

    def _ended_by(self, running: asyncio.Task[StreamAccount | None]) -> Exception:
        error = None if running.cancelled() else running.exception()
        if isinstance(error, Exception):
            return error
        return FailedPrecondition("the stream was finished", reason="FINISHED")

    def _take(self, event: StreamEvent) -> None:
        match event:
            case StreamOpened():
                # A Directive holds for its session.
                self._cap.ask(None)
                self._limits = event.limits
            case StreamClosed(camera, reason, retry_in):
                # What goes on at once is in order: a server that goes away and says so, a camera that is registered.
                level = logging.WARNING if retry_in else logging.INFO
                _LOG.log(level, "stream of %s interrupted (%s); resuming in %.1f s", camera, reason, retry_in)
            case SpoolFailed(camera, reason) | SpoolSetAside(camera, reason):
                _LOG.warning("spool of %s: %s", camera, reason)
            case TrackUpdated() | TextsRead() | FrameRefused() | Directed():
                if isinstance(event, Directed) and event.max_rate is not None:
                    self._cap.ask(event.max_rate)
                self._missed += len(self._results) == MAX_RESULTS
                self._results.append(event)
                self._arrived.notify()
        if self._on_event is not None:
            self._on_event(event)
