"""Reads images from a source, reopens it when it fails, and puts the selected images into the buffer."""

import asyncio
from contextlib import aclosing

from portero_bridge.backoff import Backoff
from portero_bridge.context import CameraContext
from portero_bridge.errors import SourceFault
from portero_bridge.events import SourceDown, SourceStuck, SourceUp
from portero_bridge.images.stuck import StuckWatch
from portero_bridge.sources.base import CapturedImage, Source
from portero_bridge.steadiness import Steadiness
from portero_client.streaming.buffers.base import Buffer

# Many cameras lock an account for half an hour after five to ten wrong passwords within minutes.
_REFUSAL_DELAY = 60.0


class Intake:
    """Keeps a source open and reads its images.

    Args:
        context: The camera's state.
        source: Where images come from.
        buffer: Where frames go.
        backoff: Delays after the source failed.
        once: Whether the end of a finite source is the end.
        stuck_after: Seconds of the same picture after which a camera counts as stuck.
    """

    def __init__(
        self,
        context: CameraContext,
        source: Source,
        buffer: Buffer,
        backoff: Backoff,
        *,
        once: bool,
        stuck_after: float = 120.0,
    ) -> None:
        self._context = context
        self._source = source
        self._buffer = buffer
        self._backoff = backoff
        self._ends = once and source.is_finite
        self._stuck = StuckWatch(stuck_after)
        self._steadiness = Steadiness()

    async def run(self) -> None:
        """Reads images until canceled; returns at the end of a finite source that is to be sent once.

        Raises:
            SourceFault: A finite source that is wanted once failed: trying again would repeat its beginning.
        """
        context = self._context
        while True:
            try:
                await self._take_all()
            except SourceFault as fault:
                context.meter.source_lost()
                if self._ends:
                    raise
                delay = self._backoff.next_delay(self._steadiness.failed())
                if fault.is_refusal:
                    delay = max(delay, _REFUSAL_DELAY)
                context.emit(SourceDown(context.camera, fault.message, delay))
                await context.clock.sleep(delay)
            else:
                context.meter.source_ended()
                if self._ends:
                    return

    async def _take_all(self) -> None:
        context = self._context
        async with aclosing(self._source.images()) as images:
            async for captured in images:
                now = context.clock.monotonic()
                context.meter.image_read(
                    now, captured.capture_time.timestamp(), trimmed=captured.trimmed, dropped=captured.dropped
                )
                self._watch(captured)
                if self._steadiness.image(now):
                    context.emit(SourceUp(context.camera))
                await self._take(captured)

    def _watch(self, captured: CapturedImage) -> None:
        # A recording may well hold still.
        if self._source.is_finite:
            return
        stuck = self._stuck.saw(captured.image, self._context.clock.monotonic())
        if stuck is not None:
            self._context.meter.source_stuck(stuck)
            self._context.emit(SourceStuck(self._context.camera, stuck))

    async def _take(self, captured: CapturedImage) -> None:
        context, delivery = self._context, self._context.delivery
        if not context.sampler.keep(captured.capture_time.timestamp()):
            return
        while (pause := delivery.pause_left(context.clock.monotonic())) > 0:
            if not self._source.waits:
                # Not numbered, so not promised: no gap arises.
                return
            await context.bell.wait(pause)
        image = captured.image
        if not isinstance(image, bytes) or not context.encoder.fits(image):
            image = await asyncio.to_thread(context.encoder.encode, image)
        await self._buffer.put(captured.capture_time, image)
