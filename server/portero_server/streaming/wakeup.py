"""What one task waits for, and others ring."""

from __future__ import annotations

import asyncio


class Wakeup:
    """Wakes the one task that waits for it; rung while nobody waits, it is not remembered.

    So whoever waits looks first whether there is anything to wait for. An asyncio.Event keeps a list of waiters and a
    state that must be cleared; with every frame, that is time nobody needs.
    """

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def notify(self) -> None:
        """Wakes whoever waits."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            # It is done when whoever waited was canceled.
            if not waiter.done():
                waiter.set_result(None)

    def wait(self) -> asyncio.Future[None]:
        """Returns what to await until it is rung; only one task may wait at a time."""
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        return waiter
