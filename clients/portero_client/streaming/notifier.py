"""Wakes every task that waits for a change."""

import asyncio


class Notifier:
    """Signals that something of a camera's state changed; a woken task checks what.

    All tasks run on one event loop, so a task that checks and then waits, without yielding in between, misses no
    signal.
    """

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wakes every task that waits now."""
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout: float | None = None) -> None:
        """Returns at the next `notify`, or after this many seconds."""
        event = self._event
        try:
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return
