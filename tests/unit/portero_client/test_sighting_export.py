"""Exports by the asynchronous client: pages, interruptions, the end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from portero_client import InvalidArgument, PorteroClient, Unavailable
from portero_client.sighting_export import PATIENCE
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal

_BEGIN = datetime.fromtimestamp(1_750_000_000, UTC)
_END = _BEGIN + timedelta(hours=1)
_LOST = Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed", bare=True)


def _fill(server: FakeServer) -> list[str]:
    server.sightings.sites["cameras/door"] = "lobby"
    for number in range(7):
        server.sightings.store(f"s{number}", "door", "ana" if number % 2 else "", seconds=number)
    return [f"sightings/s{number}" for number in range(7)]


async def _names(client: PorteroClient, cursor: str = "") -> list[str]:
    async with client.export_sightings(since=_BEGIN, until=_END, page_size=2, cursor=cursor) as export:
        return [each.sighting.name async for page in export for each in page]


async def test_everything_comes_once_across_interruptions(client: PorteroClient, server: FakeServer) -> None:
    """A connection that is lost after each page costs neither a sighting nor a repetition."""
    expected = _fill(server)
    server.sightings.export_cut = _LOST
    assert await _names(client) == expected
    assert server.sightings.export_cursors == ["", "2", "4", "6"]


async def test_a_page_tells_sites(client: PorteroClient, server: FakeServer) -> None:
    """Each sighting comes with the site of its camera."""
    _fill(server)
    async with client.export_sightings(since=_BEGIN, until=_END) as export:
        page = await anext(export)
        assert {each.site for each in page} == {"lobby"}
        with pytest.raises(StopAsyncIteration):
            await anext(export)


async def test_another_process_goes_on_after_a_cursor(client: PorteroClient, server: FakeServer) -> None:
    """The cursor after a page gives the rest."""
    expected = _fill(server)
    async with client.export_sightings(since=_BEGIN, until=_END, page_size=3) as export:
        first = await anext(export)
        cursor = export.cursor
    assert [each.sighting.name for each in first] + await _names(client, cursor) == expected


async def test_an_empty_period_ends_at_once(client: PorteroClient, server: FakeServer) -> None:
    """There is no empty page."""
    assert await _names(client) == []


async def test_what_cannot_help_is_raised(client: PorteroClient, server: FakeServer) -> None:
    """A refusal is raised at once, a malformed name before any call, and an outage when it lasts."""
    with pytest.raises(InvalidArgument):
        client.export_sightings(since=_BEGIN, until=_END, camera="no camera")
    refusal = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "end_time is bad", field="end_time")
    server.refuse("ExportSightings", refusal)
    with pytest.raises(InvalidArgument):
        await _names(client)
    server.refuse("ExportSightings", Refusal(grpc.StatusCode.UNAVAILABLE, "away"), times=PATIENCE + 1)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(_names(client), 30)
    assert server.calls["ExportSightings"] == PATIENCE + 2
