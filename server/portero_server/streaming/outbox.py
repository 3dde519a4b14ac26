"""Queue of messages to one bridge."""

from __future__ import annotations

import asyncio

from portero_server.domain.streams.messages import Ack, Finished, Heartbeat, Message
from portero_server.streaming.wakeup import Wakeup


class Outbox:
    """Message queue with a single reader.

    A new Ack replaces an Ack that is still queued, since acks are cumulative. When the queue is full, `room` blocks and
    the session stops accepting frames, so a bridge that does not read stops only its own stream. `put` never blocks:
    what a commit releases is bounded by the session's credit. A Heartbeat is dropped if anything else is queued.

    Attributes:
        full: Whether `room` would block.
    """

    def __init__(self, capacity: int = 1024) -> None:
        # Read with every frame: cheaper than awaiting a coroutine that returns at once, or asking the event.
        self.full = False
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
        """Adds a message. After `close` messages are dropped, since nobody would read them."""
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
                self.full = True
                self._room.clear()
        self._filled.notify()

    def close(self) -> None:
        """Ends the reader after it has drained the queue."""
        self._closed = True
        self._filled.notify()
        self._make_room()

    async def room(self) -> None:
        """Waits until the reader has caught up."""
        await self._room.wait()

    async def take(self) -> list[Message]:
        """Waits for messages and returns all of them, with the Ack last.

        Returns an empty list once the outbox is closed and drained.
        """
        while not self._messages and self._ack is None:
            if self._closed:
                return []
            await self._filled.wait()
        taken, self._messages = self._messages, []
        if self._ack is not None:
            taken.append(self._ack)
            self._ack = None
        if self.full:
            self._make_room()
        return taken

    def _make_room(self) -> None:
        self.full = False
        self._room.set()
