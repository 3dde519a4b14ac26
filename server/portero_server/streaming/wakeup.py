"""A single-waiter event for the hot path."""

from __future__ import annotations

import asyncio


class Wakeup:
    """Wakes the one task that waits.

    A notification without a waiter is lost, so check the state before waiting. An asyncio.Event would work too, but
    keeps a list of waiters and a flag that must be cleared, which costs time on every frame.
    """

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def notify(self) -> None:
        """Wakes the waiting task, if there is one."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            # The future is already done if the waiting task was canceled.
            if not waiter.done():
                waiter.set_result(None)

    def wait(self) -> asyncio.Future[None]:
        """Returns an awaitable that completes at the next `notify`.

        Raises:
            RuntimeError: Another task waits already; it would be stranded forever.
        """
        # A canceled task leaves its future behind, which is done.
        if self._waiter is not None and not self._waiter.done():
            raise RuntimeError("a task waits for this wakeup already, and it wakes only one")
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        return waiter
