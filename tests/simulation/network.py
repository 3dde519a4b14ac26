"""Connections that are slow, break, or go dead without a word; each end sees what a real one would see."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Generic, TypeVar

_T = TypeVar("_T")

_LONGEST_DELAY = 0.2


class Broken(Exception):
    """The connection is over."""


class Pipe(Generic[_T]):
    """One direction: in order, each message with its delay, until it breaks or is stopped up."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._under_way: deque[_T] = deque()
        self._arrived: deque[_T] = deque()
        self._news = asyncio.Event()
        self._last = 0.0
        self.stopped_up = False
        """Whether everything sent from now on vanishes."""
        self._broken = False

    def send(self, message: _T) -> None:
        """Sends a message.

        Raises:
            Broken: The connection is over.
        """
        if self._broken:
            raise Broken
        if self.stopped_up:
            return
        loop = asyncio.get_running_loop()
        self._last = max(self._last, loop.time() + self._chance.uniform(0.0, _LONGEST_DELAY) ** 2)
        self._under_way.append(message)
        loop.call_at(self._last, self._arrive)

    async def receive(self) -> _T:
        """Waits for the next message.

        Raises:
            Broken: The connection is over, and everything that arrived was received.
        """
        while not self._arrived:
            if self._broken:
                raise Broken
            self._news.clear()
            await self._news.wait()
        return self._arrived.popleft()

    def break_off(self) -> None:
        """Ends it; what is under way is lost."""
        self._broken = True
        self._news.set()

    def _arrive(self) -> None:
        # Timers of one moment go off in any order, so that not each brings its own message.
        message = self._under_way.popleft()
        if not self._broken:
            self._arrived.append(message)
            self._news.set()
