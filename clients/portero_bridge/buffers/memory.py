"""The buffer in memory: what is not durable when the process ends is lost."""

from datetime import datetime

from portero_bridge.buffers.base import mint_epoch
from portero_bridge.context import CameraContext
from portero_bridge.frames import DeliveryMode, Frame


class MemoryBuffer:
    """Numbers frames and offers them at once: LIVE never waits, LOSSLESS waits for room."""

    survives = False

    def __init__(self, context: CameraContext) -> None:
        self._context = context

    @property
    def numbered_through(self) -> int:
        """The last sequence that exists."""
        return self._context.delivery.last_sequence

    async def put(self, capture_time: datetime, jpeg: bytes) -> None:
        """Numbers a frame and offer it."""
        context, delivery = self._context, self._context.delivery
        while delivery.mode is DeliveryMode.LOSSLESS and not delivery.has_room:
            await context.bell.wait()
        frame = Frame(delivery.last_sequence + 1, capture_time, jpeg)
        delivery.offer(frame, context.clock.monotonic())
        context.changed()

    async def renumber(self) -> None:
        """Begins a new epoch with what the delivery holds."""
        self._context.delivery.renumber(mint_epoch(self._context.clock))

    async def run(self) -> None:
        """Does nothing: there is no work in the background."""

    async def emptied(self) -> None:
        """Returns at once: what was put is with the delivery."""

    async def aclose(self) -> None:
        """Does nothing: what is durable is gone already."""
