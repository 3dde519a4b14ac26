"""Messages on their way to one bridge."""

from __future__ import annotations

import asyncio

from portero_server.domain.streams.messages import Ack, Finished, Heartbeat, Message
from portero_server.streaming.wakeup import Wakeup


class Outbox:
    """A queue with one reader. An Ack replaces an Ack that still waits, since it says all of it.

    Full (`room` blocks): the session stops taking frames, so that a bridge that does not read
    stops only itself. `put` never blocks: what a commit releases is bounded by the session's credit.
    A Heartbeat is dropped when anything waits, which says as much.
    """

    def __init__(self, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._messages: list[Message] = []
        self._ack: Ack | None = None
        self._closed = False
        self._filled = Wakeup()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._messages) + (self._ack is not None)

    def put(self, message: Message) -> None:
        """Adds a message; after `close` it is dropped, since nobody would read it."""
        if self._closed:
            return
        if isinstance(message, Ack):
            self._ack = message
        elif isinstance(message, Heartbeat) and len(self):
            return
        else:
            if isinstance(message, Finished) and self._ack is not None:
                # Finished is promised to be the last message.
                self._messages.append(self._ack)
                self._ack = None
            self._messages.append(message)
            if len(self._messages) >= self._capacity:
                self._room.clear()
        self._filled.notify()

    def close(self) -> None:
        """Ends the reader once it has read what is there."""
        self._closed = True
        self._filled.notify()
        self._room.set()

    @property
    def full(self) -> bool:
        """Whether `room` would wait: cheaper to ask, with every frame, than to await what is there."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Waits until the reader has caught up."""
        await self._room.wait()

    async def take(self) -> list[Message]:
        """Waits for news and gives all of it, the Ack last; empty when closed and read out."""
        while not self._messages and self._ack is None:
            if self._closed:
                return []
            await self._filled.wait()
        taken, self._messages = self._messages, []
        if self._ack is not None:
            taken.append(self._ack)
            self._ack = None
        if self.full:
            self._room.set()
        return taken
