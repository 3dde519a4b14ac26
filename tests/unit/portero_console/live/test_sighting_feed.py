"""One watch for all viewers of a key: nothing missed, nothing told twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from portero.v1 import sighting_service_pb2 as pb2

from portero_client import ConnectionSettings, InvalidArgument, PermissionDenied, PorteroClient, SightingEvent
from portero_client.backoff import Backoff
from portero_console.live.sighting_feed import SightingFeed
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.time.timeouts import PATIENCE
from tests.support.time.virtual_time import ManualClock

_STARTED = pb2.SIGHTING_EVENT_KIND_STARTED


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[PorteroClient]:
    """A client that resumes at once."""
    settings = ConnectionSettings(server.address, reconnect=Backoff(0.01, 0.01))
    async with PorteroClient(settings) as opened:
        yield opened


async def _take(events: AsyncIterator[SightingEvent], number: int) -> list[int]:
    async with asyncio.timeout(PATIENCE):
        return [(await anext(events)).position for _ in range(number)]


async def _tell(server: FakeServer, times: int) -> None:
    for _ in range(times):
        number = len(server.sightings.events) + 1
        server.sightings.store(f"s{number}", "door", "ana")
        await server.sightings.tell(_STARTED, f"s{number}")


async def test_many_viewers_share_one_watch(server: FakeServer, client: PorteroClient) -> None:
    """Each viewer gets every event, and the server has one watcher."""
    feed = SightingFeed(client)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        start = await feed.position()
        viewers = [feed.events(start) for _ in range(20)]
        reading = [asyncio.create_task(_take(viewer, 3)) for viewer in viewers]
        await _tell(server, 3)
        assert await asyncio.gather(*reading) == [[1, 2, 3]] * 20
        assert server.sightings.watches == [None]
        running.cancel()


async def test_a_viewer_that_comes_back_gets_what_it_missed(server: FakeServer, client: PorteroClient) -> None:
    """Events before the feed began come by a second watch, then those of the feed, each once and in order."""
    await _tell(server, 4)
    feed = SightingFeed(client)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        assert await feed.position() == 4
        await _tell(server, 2)
        assert await _take(feed.events(1), 5) == [2, 3, 4, 5, 6]
        assert server.sightings.watches == [None, 1]
        # What was brought is kept: the next one that comes back needs no watch.
        assert await _take(feed.events(2), 4) == [3, 4, 5, 6]
        assert server.sightings.watches == [None, 1]
        running.cancel()


async def test_a_viewer_too_slow_for_what_is_kept_misses_nothing(server: FakeServer, client: PorteroClient) -> None:
    """Who falls behind the events that are kept is brought up again."""
    feed = SightingFeed(client, kept=2)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        slow = feed.events(await feed.position())
        await _tell(server, 1)
        assert await _take(slow, 1) == [1]
        fast = feed.events(1)
        await _tell(server, 5)
        await _take(fast, 5)
        assert await _take(slow, 5) == [2, 3, 4, 5, 6]
        running.cancel()


async def test_a_viewer_that_reads_nothing_keeps_nobody_from_catching_up(
    server: FakeServer, client: PorteroClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that were missed come in portions, and between two portions others have their turn."""
    monkeypatch.setattr("portero_console.live.sighting_feed.PORTION", 2)
    await _tell(server, 5)
    feed = SightingFeed(client, kept=1)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        await feed.position()
        slow = feed.events(0)
        assert await _take(slow, 1) == [1]
        assert await _take(feed.events(0), 5) == [1, 2, 3, 4, 5]
        assert await _take(slow, 4) == [2, 3, 4, 5]
        running.cancel()


async def test_an_interruption_of_the_server_is_waited_out(server: FakeServer, client: PorteroClient) -> None:
    """After a cut of the watch each event still comes once."""
    feed = SightingFeed(client)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        viewer = feed.events(await feed.position())
        await _tell(server, 2)
        assert await _take(viewer, 2) == [1, 2]
        await server.sightings.cut()
        await _tell(server, 2)
        assert await _take(viewer, 2) == [3, 4]
        running.cancel()


async def test_a_refusal_reaches_every_viewer(server: FakeServer, client: PorteroClient) -> None:
    """Viewers that wait, and those that come later, are told why there is nothing."""
    feed = SightingFeed(client)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed.run())
        waiting = asyncio.create_task(_take(feed.events(await feed.position()), 1))
        await asyncio.sleep(0)
        await server.sightings.cut(Refusal(grpc.StatusCode.PERMISSION_DENIED, "not for this key", reason="ROLE"))
        with pytest.raises(PermissionDenied):
            await waiting
    with pytest.raises(PermissionDenied):
        await feed.position()


async def test_an_older_event_is_told_as_the_server_tells_it_now(server: FakeServer, client: PorteroClient) -> None:
    """A name that was erased after it was told is not told from memory, once what is kept is half a minute old."""
    clock = ManualClock()
    feed = SightingFeed(client, now=clock.monotonic)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        start = await feed.position()
        await _tell(server, 2)
        assert await _take(feed.events(start), 2) == [1, 2]
        server.sightings.events[0].sighting.display_name = "erased"
        clock.advance(31)
        async with asyncio.timeout(PATIENCE):
            event = await anext(feed.events(start))
        assert event.sighting.display_name == "erased"
        assert server.sightings.watches == [None, 0]
        running.cancel()


async def test_what_was_brought_again_stays_no_longer_than_the_rest(server: FakeServer, client: PorteroClient) -> None:
    """Events that came by a second watch go with the first that was kept."""
    await _tell(server, 2)
    clock = ManualClock()
    feed = SightingFeed(client, now=clock.monotonic)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        start = await feed.position()
        await _tell(server, 1)
        assert await _take(feed.events(start), 1) == [3]
        clock.advance(20)
        assert await _take(feed.events(0), 3) == [1, 2, 3]
        clock.advance(11)
        assert await _take(feed.events(0), 3) == [1, 2, 3]
        assert server.sightings.watches == [None, 0, 0]
        running.cancel()


async def test_a_position_that_the_server_never_reached_is_refused(server: FakeServer, client: PorteroClient) -> None:
    """After a restore a viewer with a later position is told so, instead of waiting until the server gets there."""
    await _tell(server, 1)
    feed = SightingFeed(client)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(feed.run())
        with pytest.raises(InvalidArgument, match="beyond the last one, 1") as refused:
            await _take(feed.events(5), 1)
        assert refused.value.reason == "POSITION_BEYOND_LAST"
        running.cancel()
