"""Takes images from a source, again and again, and puts those that are wanted into the buffer."""

import asyncio
from contextlib import aclosing

from portero_bridge.backoff import Backoff
from portero_bridge.buffers.base import Buffer
from portero_bridge.context import Station
from portero_bridge.errors import SourceFault
from portero_bridge.events import SourceDown, SourceUp
from portero_bridge.frames import DeliveryMode
from portero_bridge.sources.base import CapturedImage, Source


class Intake:
    """Keeps a source open.

    Args:
        station: The camera's state.
        source: Where images come from.
        buffer: Where frames go.
        backoff: Delays after the source failed.
        once: Whether the end of a finite source is the end.
    """

    def __init__(self, station: Station, source: Source, buffer: Buffer, backoff: Backoff, *, once: bool) -> None:
        self._station = station
        self._source = source
        self._buffer = buffer
        self._backoff = backoff
        self._ends = once and source.is_finite

    async def run(self) -> None:
        """Take images; returns when a finite source was taken once, if that is all that is wanted.

        Raises:
            SourceFault: A finite source that is wanted once failed: trying again would repeat its beginning.
        """
        station = self._station
        while True:
            try:
                await self._take_all()
            except SourceFault as fault:
                station.meter.source_lost()
                if self._ends:
                    raise
                delay = self._backoff.next_delay()
                station.emit(SourceDown(station.camera, fault.message, delay))
                await station.clock.sleep(delay)
            else:
                station.meter.source_ended()
                if self._ends:
                    return

    async def _take_all(self) -> None:
        station = self._station
        is_up = False
        async with aclosing(self._source.images()) as images:
            async for captured in images:
                station.meter.image_read(station.clock.monotonic())
                if not is_up:
                    is_up = True
                    self._backoff.succeeded()
                    station.emit(SourceUp(station.camera))
                await self._take(captured)

    async def _take(self, captured: CapturedImage) -> None:
        station, delivery = self._station, self._station.delivery
        if not station.sampler.keep(captured.capture_time.timestamp()):
            return
        if delivery.mode is DeliveryMode.LIVE and delivery.is_paused(station.clock.monotonic()):
            return
        image = captured.image
        if not isinstance(image, bytes) or not station.encoder.fits(image):
            image = await asyncio.to_thread(station.encoder.encode, image)
        await self._buffer.put(captured.capture_time, image)
