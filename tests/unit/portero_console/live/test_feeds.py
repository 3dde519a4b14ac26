"""The feeds of all keys: shared, bounded, ended."""

from __future__ import annotations

import asyncio
import logging

import grpc
import pytest

from portero_client import ConnectionSettings, PermissionDenied, Unavailable
from portero_console.clients import ClientPool
from portero_console.live.feeds import Feeds
from portero_console.problems import Problem
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.time.timeouts import PATIENCE


def _feeds(server: FakeServer, most: int = 5, linger: float = 60.0) -> Feeds:
    return Feeds(ClientPool(ConnectionSettings(server.address)), most, 60.0, linger)


async def test_viewers_of_a_key_share_a_feed_and_others_do_not(server: FakeServer) -> None:
    """What one key may see another one is never shown."""
    feeds = _feeds(server)
    async with feeds.view("a") as one, feeds.view("a") as same, feeds.view("b") as other:
        assert one is same
        assert one is not other
        assert feeds.viewers == 3
    assert feeds.viewers == 0
    await feeds.aclose()


async def test_one_viewer_too_many_is_refused(server: FakeServer) -> None:
    """The answer names the limit, and when one leaves there is room."""
    feeds = _feeds(server, most=1)
    async with feeds.view(None):
        with pytest.raises(Problem, match="the most PORTERO_CONSOLE_VIEWERS allows"):
            async with feeds.view(None):
                pass
    async with feeds.view(None):
        pass
    await feeds.aclose()


async def test_a_feed_outlives_its_last_viewer_for_a_while(server: FakeServer) -> None:
    """Who comes back soon finds the same feed; after the while it is ended."""
    feeds = _feeds(server, linger=0.01)
    async with feeds.view(None) as first:
        await first.sightings.position()
    async with feeds.view(None) as again:
        assert again is first
    assert first.task is not None
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait({first.task})
    async with feeds.view(None) as new:
        assert new is not first
    await feeds.aclose()


async def test_a_refused_feed_is_begun_anew_with_the_next_viewer(server: FakeServer) -> None:
    """A refusal is not remembered: the next viewer asks the server again."""
    feeds = _feeds(server)
    server.refuse("WatchSightings", Refusal(grpc.StatusCode.PERMISSION_DENIED, "no", reason="ROLE"))
    async with feeds.view(None) as refused:
        with pytest.raises(PermissionDenied):
            await refused.sightings.position()
        assert refused.task is not None
        await asyncio.wait({refused.task})
    async with feeds.view(None) as new:
        assert await new.sightings.position() == 0
    await feeds.aclose()


async def test_a_feed_that_fails_tells_its_viewers(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for ever before a fault of the console: both halves end, and the log names its kind alone."""

    async def fail(_: object) -> None:
        raise RuntimeError("Ana Luz")

    said: list[str] = []
    log = logging.getLogger("portero_console.live.feeds")
    monkeypatch.setattr(log, "error", lambda words, *given: said.append(words % given))
    feeds = _feeds(server)
    monkeypatch.setattr("portero_console.live.camera_feed.CameraFeed._look", fail)
    async with feeds.view(None) as feed, asyncio.timeout(PATIENCE):
        with pytest.raises(Unavailable, match="open it again"):
            await anext(feed.cameras.reports())
        with pytest.raises(Unavailable, match="open it again"):
            await anext(feed.sightings.events(0))
    assert said == ["a live view failed: RuntimeError"]
    async with feeds.view(None) as new:
        assert new is not feed
    await feeds.aclose()
