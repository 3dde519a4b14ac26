"""Time limits of calls: for the first message, for the answer, and for the duration of long streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from portero_server.errors import PorteroError

T = TypeVar("T")

Late = Callable[[], PorteroError]
"""Makes the error of a time limit that was reached."""


async def in_time(work: Awaitable[T], seconds: float, late: Late) -> T:
    """Returns the result of `work`.

    If it takes longer than `seconds`, cancels it and raises the error that `late` creates.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise late() from None


class FirstMessage:
    """Iterates over the messages of a stream, with a time limit on the first; `begun` is called when it arrives.

    Later messages pay no overhead: iterating after the first message uses the stream's own iterator.
    """

    def __init__(self, messages: AsyncIterator[Any], seconds: float, late: Late, begun: Callable[[], None]) -> None:
        """Reads from `messages`; `begun` may raise to refuse the stream."""
        self._messages = messages
        self._seconds = seconds
        self._late = late
        self._begun = begun
        self._first = True

    def __aiter__(self) -> AsyncIterator[Any]:
        """Returns an iterator over the remaining messages."""
        return self if self._first else aiter(self._messages)

    async def __anext__(self) -> Any:
        """Returns the next message; raises StopAsyncIteration after the last."""
        if not self._first:
            return await anext(self._messages)
        message = await in_time(anext(self._messages), self._seconds, self._late)
        self._first = False
        self._begun()
        return message
