"""Wakes every task that waits for something to have changed."""

import asyncio


class Notifier:
    """Rung when anything of a camera's state changed; whoever hears it looks for itself.

    All tasks run on one event loop, so a task that looks and then waits, without giving up control in
    between, misses no ring.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wakes everybody who waits now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout: float | None = None) -> None:
        """Returns at the next ring, or after so many seconds."""
        event = self._event
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return
