"""Server-sent events of one viewer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import grpc
import pytest
from portero.v1 import sighting_service_pb2 as pb2

from portero_client import ConnectionSettings
from portero_console.clients import ClientPool
from portero_console.live.feeds import Feed, Feeds
from portero_console.live.stream import live_messages, message
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def feeds(server: FakeServer) -> AsyncIterator[Feeds]:
    """Feeds of a server."""
    opened = Feeds(ClientPool(ConnectionSettings(server.address)), 5, 60.0)
    yield opened
    await opened.aclose()


async def _named(messages: AsyncIterator[bytes], event: str) -> tuple[str, dict[str, object]]:
    """Returns head and data of the next event of a name."""
    async with asyncio.timeout(PATIENCE):
        async for each in messages:
            head, _, data = each.decode().strip().partition("data: ")
            if f"event: {event}\n" in head:
                return head, json.loads(data)
    raise AssertionError(f"no {event}")


def test_an_event_is_written_as_browsers_read_it() -> None:
    """The id is the position to resume after, and the data is one line."""
    assert message("sighting", b"{}", 7) == b"id: 7\nevent: sighting\ndata: {}\n\n"
    assert message("alive", b"{}") == b"event: alive\ndata: {}\n\n"


async def test_a_viewer_sees_what_happens_after_it_is_ready(server: FakeServer, feeds: Feeds) -> None:
    """Readiness comes first, with its position, then sightings with theirs, and what the cameras do."""
    async with feeds.view(None) as feed:
        messages = live_messages(feed, None, feeds.ended)
        assert (await _named(messages, "ready"))[0] == "id: 0\nevent: ready\n"
        server.sightings.store("s1", "door", "ana")
        await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, "s1")
        head, data = await _named(messages, "sighting")
        assert head.startswith("id: 1\n")
        assert (data["kind"], data["position"]) == ("started", 1)
    async with feeds.view(None) as feed:
        assert (await _named(live_messages(feed, None, feeds.ended), "cameras"))[1]["cameras"] == []


async def test_silence_is_broken_by_a_sign_of_life(feeds: Feeds) -> None:
    """A connection that nothing happens on is not taken for a dead one."""
    async with feeds.view(None) as feed:
        await _named(live_messages(feed, None, feeds.ended, heartbeat=0.01), "alive")


async def test_the_end_says_why(server: FakeServer, feeds: Feeds) -> None:
    """A refusal is the last event, as a problem document."""
    server.refuse("WatchSightings", Refusal(grpc.StatusCode.UNAUTHENTICATED, "revoked", reason="REVOKED"))
    async with feeds.view(None) as feed:
        _, data = await _named(live_messages(feed, None, feeds.ended), "ended")
    assert (data["status"], data["reason"]) == (401, "REVOKED")


async def test_a_position_of_another_database_is_refused(server: FakeServer, feeds: Feeds) -> None:
    """A viewer that resumes after a position that the server never had is told so."""
    refusal = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "beyond", reason="POSITION_BEYOND_LAST", field="after_position")
    async with feeds.view(None) as feed:
        await feed.sightings.position()
        await _begun(server, feed)
        server.refuse("WatchSightings", refusal)
        _, data = await _named(live_messages(feed, 1, feeds.ended), "ended")
    assert data["reason"] == "POSITION_BEYOND_LAST"


async def _begun(server: FakeServer, feed: Feed) -> None:
    """Has the feed begin behind position 2, so that a viewer at 1 has something to catch up."""
    for number in (1, 2):
        server.sightings.store(f"s{number}", "door")
        await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, f"s{number}")
    events = feed.sightings.events(0)
    for _ in range(2):
        await anext(events)
    feed.sightings._floor = 2


async def test_a_console_that_stops_ends_its_viewers(feeds: Feeds) -> None:
    """The stream ends by itself, so that a browser reconnects."""
    async with feeds.view(None) as feed:
        messages = live_messages(feed, None, feeds.ended)
        await _named(messages, "ready")
        feeds.ended.set()
        async with asyncio.timeout(PATIENCE):
            assert [each async for each in messages if b"event: cameras" not in each] == []


async def test_the_end_of_a_login_ends_its_views_at_once(feeds: Feeds) -> None:
    """The last event says that a login is needed, so that the page leads there; until then to watch is to use it."""
    over, uses = asyncio.Event(), list[None]()

    def still_in() -> bool:
        uses.append(None)
        return not over.is_set()

    async with feeds.view(None) as feed:
        messages = live_messages(feed, None, feeds.ended, 60.0, login_over=over, still_in=still_in)
        await _named(messages, "ready")
        assert uses
        over.set()
        _, data = await _named(messages, "ended")
    assert (data["status"], data["reason"]) == (401, "LOGIN_NEEDED")


async def test_what_comes_while_a_sign_of_life_is_sent_is_not_lost(server: FakeServer, feeds: Feeds) -> None:
    """An event that arrives while the viewer still reads the sign of life comes next."""
    async with feeds.view(None) as feed:
        messages = live_messages(feed, None, feeds.ended, heartbeat=0.05)
        await _named(messages, "ready")
        for _ in range(3):
            await _named(messages, "alive")
        server.sightings.store("s1", "door")
        await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, "s1")
        await anext(feed.sightings.events(0))
        for _ in range(10):
            await asyncio.sleep(0)
        assert (await _named(messages, "sighting"))[0].startswith("id: 1\n")
