"""Hands pictures from a caller to whichever buffer the stream has now."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from portero_client.streaming.buffers.base import Buffer
from portero_client.streaming.context import StreamContext
from portero_client.streaming.notifier import Notifier


@dataclass(slots=True)
class _Offer:
    """A picture, and the sequence it gets."""

    captured_at: datetime
    jpeg: bytes
    sequence: asyncio.Future[int]


class Handover:
    """Takes one picture at a time.

    A picture whose buffer is replaced before it was stored goes to the next one.

    Attributes:
        context: The state of the stream that takes pictures now; None before the first one, and between two.
    """

    def __init__(self) -> None:
        self.context: StreamContext | None = None
        self._offer: _Offer | None = None
        self._ended = False
        self._changed = Notifier()
        self._turn = asyncio.Lock()

    async def feed(self, context: StreamContext, buffer: Buffer) -> None:
        """Stores what is put, until `end`; a `Feed` of the runner."""
        self.context = context
        self._changed.notify()
        try:
            while True:
                while (offer := self._offer) is None:
                    if self._ended:
                        return
                    await self._changed.wait()
                await buffer.put(offer.captured_at, offer.jpeg)
                if self._offer is offer:
                    self._offer = None
                if not offer.sequence.done():
                    offer.sequence.set_result(buffer.numbered_through)
        finally:
            self.context = None

    async def ready(self) -> None:
        """Returns once pictures are taken."""
        while self.context is None:
            await self._changed.wait()

    async def put(self, captured_at: datetime, jpeg: bytes) -> int:
        """Returns the sequence of a picture once it is stored, which may mean waiting for room."""
        async with self._turn:
            offer = _Offer(captured_at, jpeg, asyncio.get_running_loop().create_future())
            self._offer = offer
            self._changed.notify()
            try:
                return await offer.sequence
            finally:
                if self._offer is offer:
                    self._offer = None

    def end(self) -> None:
        """Lets `feed` return after what was put."""
        self._ended = True
        self._changed.notify()
