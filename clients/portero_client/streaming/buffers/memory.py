"""The buffer in memory: frames that are not durable when the process ends are lost."""

from datetime import datetime

from portero_client.streaming.buffers.base import mint_epoch
from portero_client.streaming.context import StreamContext
from portero_client.streaming.frames import DeliveryMode, Frame


class MemoryBuffer:
    """Numbers frames and passes them to the delivery at once. LIVE never waits, LOSSLESS waits for room."""

    survives = False

    def __init__(self, context: StreamContext) -> None:
        self._context = context

    @property
    def numbered_through(self) -> int:
        """The highest sequence assigned so far."""
        return self._context.delivery.last_sequence

    async def put(self, capture_time: datetime, jpeg: bytes) -> None:
        """Numbers a frame and passes it to the delivery."""
        context, delivery = self._context, self._context.delivery
        while delivery.mode is DeliveryMode.LOSSLESS and not delivery.has_room:
            await context.bell.wait()
        frame = Frame(delivery.last_sequence + 1, capture_time, jpeg)
        delivery.offer(frame, context.clock.monotonic())
        context.changed()

    async def renumber(self) -> None:
        """Starts a new epoch with the frames that the delivery holds."""
        self._context.delivery.renumber(mint_epoch(self._context.clock))

    async def run(self) -> None:
        """Does nothing: there is no background work."""

    async def emptied(self) -> None:
        """Returns at once: the delivery already has every frame."""

    async def aclose(self) -> None:
        """Does nothing: durable frames were removed already."""
