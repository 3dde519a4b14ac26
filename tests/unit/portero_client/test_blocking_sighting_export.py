"""Exports by the blocking client."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import grpc
import pytest

from portero_client import BlockingPorteroClient, ConnectionSettings, InvalidArgument
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal

_BEGIN = datetime.fromtimestamp(1_750_000_000, UTC)
_END = _BEGIN + timedelta(hours=1)


def _names(settings: ConnectionSettings) -> list[str]:
    with (
        BlockingPorteroClient(settings) as client,
        client.export_sightings(since=_BEGIN, until=_END, page_size=2) as export,
    ):
        return [each.sighting.name for page in export for each in page]


async def test_everything_comes_once_across_interruptions(settings: ConnectionSettings, server: FakeServer) -> None:
    """A connection that is lost after each page costs neither a sighting nor a repetition."""
    for number in range(5):
        server.sightings.store(f"s{number}", "door", seconds=number)
    server.sightings.export_cut = Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed", bare=True)
    assert await asyncio.to_thread(_names, settings) == [f"sightings/s{number}" for number in range(5)]
    assert server.sightings.export_cursors == ["", "2", "4"]


async def test_a_refusal_is_raised(settings: ConnectionSettings, server: FakeServer) -> None:
    """What asking again cannot help is raised at once."""
    server.refuse("ExportSightings", Refusal(grpc.StatusCode.INVALID_ARGUMENT, "end_time is bad", field="end_time"))
    with pytest.raises(InvalidArgument):
        await asyncio.to_thread(_names, settings)
