"""The feeds of all keys: begun with the first viewer of a key, ended a while after the last."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from portero_client import Unavailable
from portero_console.clients import ClientPool
from portero_console.live.camera_feed import CameraFeed
from portero_console.live.sighting_feed import SightingFeed
from portero_console.problems import Problem

_LOG = logging.getLogger(__name__)

LINGER = 60.0
"""Seconds that a feed goes on without viewers: a browser that reconnects finds what it missed."""


@dataclass(slots=True, eq=False)
class Feed:
    """What one key's viewers share.

    Attributes:
        sightings: Who is seen.
        cameras: How cameras are.
        viewers: How many look on.
        task: Fills both.
        ending: Ends the feed after a while without viewers.
    """

    sightings: SightingFeed
    cameras: CameraFeed
    viewers: int = 0
    task: asyncio.Task[None] | None = None
    ending: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        """Whether it is being filled."""
        return self.task is not None and not self.task.done()


class Feeds:
    """Lends feeds to a bounded number of viewers."""

    def __init__(self, clients: ClientPool, most_viewers: int, camera_interval: float, linger: float = LINGER) -> None:
        """Starts nothing yet.

        Args:
            clients: Call the server.
            most_viewers: How many viewers there may be at once.
            camera_interval: Seconds between two looks at the cameras.
            linger: Seconds that a feed goes on without viewers.
        """
        self._clients = clients
        self._most = most_viewers
        self._interval = camera_interval
        self._linger = linger
        self._feeds: dict[str | None, Feed] = {}
        self.ended = asyncio.Event()
        """Set when the console stops: viewers are to end."""

    @property
    def viewers(self) -> int:
        """Number of viewers."""
        return sum(feed.viewers for feed in self._feeds.values())

    def check_room(self) -> None:
        """Raises a Problem if there are as many viewers as there may be."""
        if self.viewers >= self._most:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "TOO_MANY_VIEWERS",
                f"{self._most} live views are open, the most PORTERO_CONSOLE_VIEWERS allows",
                retry_after=10.0,
            )

    @asynccontextmanager
    async def view(self, key: str | None) -> AsyncIterator[Feed]:
        """Lends the feed of a key.

        Raises:
            Problem: There are too many viewers.
        """
        self.check_room()
        feed = self._feeds.get(key)
        if feed is None or not feed.runs:
            feed = await self._begun(key)
        feed.viewers += 1
        if feed.ending is not None:
            feed.ending.cancel()
        try:
            yield feed
        finally:
            feed.viewers -= 1
            if feed.viewers == 0 and feed.task is not None:
                feed.ending = asyncio.get_running_loop().call_later(self._linger, feed.task.cancel)

    async def aclose(self) -> None:
        """Ends all feeds."""
        self.ended.set()
        tasks = [feed.task for feed in self._feeds.values() if feed.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begun(self, key: str | None) -> Feed:
        stack = AsyncExitStack()
        client = await stack.enter_async_context(self._clients.lend(key))
        feed = Feed(SightingFeed(client), CameraFeed(client, self._interval))
        feed.task = asyncio.create_task(self._run(key, feed, stack))
        self._feeds[key] = feed
        return feed

    async def _run(self, key: str | None, feed: Feed, stack: AsyncExitStack) -> None:
        """Fills a feed until it is canceled, or one half of it is refused."""
        async with stack:
            halves = [asyncio.create_task(feed.sightings.run()), asyncio.create_task(feed.cameras.run())]
            try:
                await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # Before anything is waited for: whoever comes now gets a feed that is filled.
                if self._feeds.get(key) is feed:
                    del self._feeds[key]
                for half in halves:
                    half.cancel()
                faults = await asyncio.gather(*halves, return_exceptions=True)
                for fault in faults:
                    if isinstance(fault, Exception):
                        # By its kind alone: its text may hold a name.
                        _LOG.error("a live view failed: %s", type(fault).__name__)
                # A half that was refused keeps its own error.
                ended = Unavailable("the live view ended; open it again", reason="LIVE_VIEW_ENDED")
                await feed.sightings.fail(ended)
                await feed.cameras.fail(ended)
