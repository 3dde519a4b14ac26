"""A source of images that a test pushes."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import CapturedImage
from tests.support.bridge.pictures import picture
from tests.support.time.timeouts import PATIENCE


class PushedSource:
    """Yields what was pushed, one second of capture time apart; ends or fails when told to."""

    def __init__(self, *, is_finite: bool = False, waits: bool = False) -> None:
        self.is_finite = is_finite
        self.waits = waits
        self.pushed = 0
        self.opened = 0
        self._start = datetime.now(UTC)
        self._queue: asyncio.Queue[CapturedImage | SourceFault | None] = asyncio.Queue()

    def push(self, count: int = 1, size: int = 0) -> None:
        """Give the next pictures, as files of at least so many bytes."""
        for _ in range(count):
            self.pushed += 1
            taken = self._start + timedelta(seconds=self.pushed)
            self._queue.put_nowait(CapturedImage(picture(self.pushed).ljust(size, b"\0"), taken))

    def repeat(self, count: int = 1) -> None:
        """Give the last picture again, so many times."""
        for number in range(1, count + 1):
            taken = self._start + timedelta(seconds=self.pushed + number / 100)
            self._queue.put_nowait(CapturedImage(picture(self.pushed), taken))

    def end(self) -> None:
        """Ends this opening of the source: with its last image if it is finite, else with a fault."""
        self._queue.put_nowait(None if self.is_finite else SourceFault("the source ended"))

    def fail(self, reason: str, *, is_refusal: bool = False) -> None:
        """Lets the source fail."""
        self._queue.put_nowait(SourceFault(reason, is_refusal=is_refusal))

    async def taken(self) -> None:
        """Waits until everything that was pushed went where it goes, and more was asked for."""
        async with asyncio.timeout(PATIENCE):
            await self._queue.join()

    async def images(self) -> AsyncGenerator[CapturedImage, None]:
        """Yields what is pushed."""
        self.opened += 1
        while (item := await self._queue.get()) is not None:
            if isinstance(item, SourceFault):
                raise item
            yield item
            self._queue.task_done()
