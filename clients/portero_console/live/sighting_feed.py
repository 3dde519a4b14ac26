"""Sightings as they happen: one watch at the server for all viewers of a key.

A server has few places for watchers. So viewers read what the shared watch has brought, each at their own pace; one
that comes back with an older position is brought up by a second watch. Nothing is missed, and nothing told twice.

An erasure is no event, so what is kept may name somebody who must not be named any more. It is kept for half a minute;
whatever is older the server tells again, as it is by then.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from portero_client import InvalidArgument, PorteroClient, PorteroError, SightingEvent, SightingWatch

KEPT = 2000
"""Most events kept for viewers; who is farther behind is brought up by a watch."""

KEPT_FOR = 30.0
"""Seconds for which an event is kept after the server told it."""

PORTION = 200
"""Most events that a viewer is brought up by at once."""

_LOOK = 0.1
"""Seconds between two looks at the position of a watch that is silent."""


class SightingFeed:
    """The events of one key. `run` fills it until it is canceled, or the server refuses."""

    def __init__(
        self,
        client: PorteroClient,
        kept: int = KEPT,
        kept_for: float = KEPT_FOR,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._most = kept
        self._kept_for = kept_for
        self._now = now
        # Each with when the server told it, in the order of positions and of times.
        self._kept: deque[tuple[float, SightingEvent]] = deque()
        # Every event after the floor is kept; None until the watch says where it begins.
        self._floor: int | None = None
        self._watch: SightingWatch | None = None
        self._error: PorteroError | None = None
        self._changed = asyncio.Condition()
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Watches. A refusal is what viewers get from then on."""
        try:
            async with self._client.watch_sightings() as watch, _reader(watch) as read:
                self._watch = watch
                while True:
                    event = await read(_LOOK if self._floor is None else self._kept_for)
                    async with self._changed:
                        self._take(event, watch.position)
                        self._changed.notify_all()
        except PorteroError as error:
            await self.fail(error)

    async def fail(self, error: PorteroError) -> None:
        """Ends the feed: its viewers get the error; of two, the first."""
        async with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

    async def position(self) -> int:
        """Returns the position up to which all events are kept or were before, as soon as one is known.

        Raises:
            PorteroError: The server refuses the watch.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._error is not None or self._floor is not None)
        if self._error is not None:
            raise self._error
        return self._reached()

    def _reached(self) -> int:
        newest = self._kept[-1][1].position if self._kept else 0
        told = self._watch.position if self._watch is not None else None
        return max(self._floor or 0, newest, told or 0)

    async def events(self, after: int) -> AsyncIterator[SightingEvent]:
        """Yields every event after a position, in order, for ever.

        Raises:
            PorteroError: The server refuses the watch, or the position.
        """
        if after > await self.position():
            await self._check_known(after)
        while True:
            self._expire()
            if after < (self._floor or 0):
                # Read in portions, so that a slow viewer does not keep the turn.
                async with self._turn:
                    missed, reached = await self._missed(after)
                for event in missed:
                    yield event
                after = reached
                continue
            for told, event in self._newer(after):
                if told <= self._now() - self._kept_for:
                    # The viewer was slow meanwhile: the server tells it again.
                    break
                yield event
                after = event.position
            await self._beyond(after)

    async def _check_known(self, after: int) -> None:
        """Refuses a position that the server never reached, as after its database was restored.

        A new watch says where the server is; this feed may be a moment behind it.
        """
        async with self._turn:
            if after <= self._reached():
                return
            async with self._client.watch_sightings() as watch, _reader(watch) as read:
                while watch.position is None:
                    await read(_LOOK)
                present = watch.position
        if after > present:
            raise InvalidArgument(
                f"the position {after} is beyond the last one, {present}: it is of another server's database",
                field="after",
                reason="POSITION_BEYOND_LAST",
            )

    async def _beyond(self, after: int) -> None:
        """Waits for an event after a position, kept or already dropped."""

        def there() -> bool:
            kept = bool(self._kept) and self._kept[-1][1].position > after
            return self._error is not None or kept or (self._floor or 0) > after

        async with self._changed:
            await self._changed.wait_for(there)
        if self._error is not None:
            raise self._error

    def _take(self, event: SightingEvent | None, position: int | None) -> None:
        if self._floor is None:
            self._floor = event.position - 1 if event is not None else position
        if event is not None:
            self._kept.append((self._now(), event))
        self._expire()

    def _expire(self) -> None:
        """Drops events that are too many or too old."""
        oldest = self._now() - self._kept_for
        while self._kept and (len(self._kept) > self._most or self._kept[0][0] <= oldest):
            self._floor = self._kept.popleft()[1].position

    def _newer(self, after: int) -> list[tuple[float, SightingEvent]]:
        found: list[tuple[float, SightingEvent]] = []
        for told, event in reversed(self._kept):
            if event.position <= after:
                break
            found.append((told, event))
        return found[::-1]

    async def _missed(self, after: int) -> tuple[list[SightingEvent], int]:
        """Returns a portion of the events between a position and the floor, and the position that it reaches.

        What reaches the floor is kept for others that come back, if it fits.
        """
        floor, found = self._floor or 0, list[SightingEvent]()
        if after >= floor:
            # Whoever had the turn before brought them.
            return found, after
        async with self._client.watch_sightings(after=after) as watch, _reader(watch) as read:
            while len(found) < PORTION:
                event = await read(_LOOK)
                if event is not None and event.position <= floor:
                    found.append(event)
                if event is None and (watch.position or 0) < floor:
                    continue
                if event is None or event.position >= floor:
                    break
            else:
                return found, found[-1].position
        if floor == self._floor and len(found) + len(self._kept) <= self._most:
            # They go with the first that is kept, so that none stays longer than it may.
            told = self._kept[0][0] if self._kept else self._now()
            self._kept.extendleft((told, event) for event in reversed(found))
            self._floor = after
        return found, floor


@asynccontextmanager
async def _reader(watch: SightingWatch) -> AsyncIterator[_Read]:
    """Lends a reader of a watch that can wait for a while: a canceled read would begin the call anew."""
    read = _Read(watch)
    try:
        yield read
    finally:
        await read.end()


class _Read:
    """Reads a watch event by event."""

    def __init__(self, watch: SightingWatch) -> None:
        self._watch = watch
        self._reading: asyncio.Task[SightingEvent] | None = None

    async def __call__(self, patience: float | None) -> SightingEvent | None:
        """Returns the next event, or None if none comes within so many seconds."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._watch.__anext__())
        done, _ = await asyncio.wait({self._reading}, timeout=patience)
        if not done:
            return None
        reading, self._reading = self._reading, None
        return reading.result()

    async def end(self) -> None:
        """Ends the reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
