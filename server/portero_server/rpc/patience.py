"""Time limits of a call: for its first message, for its answer, and for calls that nobody else ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from portero_server.errors import PorteroError

T = TypeVar("T")

Late = Callable[[], PorteroError]
"""Makes the error of a time limit that was reached."""


async def in_time(work: Awaitable[T], seconds: float, late: Late) -> T:
    """Returns the result of `work`; cancels it and raises what `late` makes when it takes longer than `seconds`."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise late() from None


class FirstMessage:
    """The messages of a stream; the first one has a time limit, and `begun` is called when it is there.

    It costs the later ones nothing: an iteration that begins after the first message is the stream's own.
    """

    def __init__(self, messages: AsyncIterator[Any], seconds: float, late: Late, begun: Callable[[], None]) -> None:
        """Reads from `messages`; `begun` may raise to refuse the stream."""
        self._messages = messages
        self._seconds = seconds
        self._late = late
        self._begun = begun
        self._first = True

    def __aiter__(self) -> AsyncIterator[Any]:
        """Returns the messages that are still to come."""
        return self if self._first else aiter(self._messages)

    async def __anext__(self) -> Any:
        """Returns the next message; raises StopAsyncIteration after the last."""
        if not self._first:
            return await anext(self._messages)
        message = await in_time(anext(self._messages), self._seconds, self._late)
        self._first = False
        self._begun()
        return message
