"""The live stream over HTTP, as a browser holds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from portero.v1 import access_service_pb2 as access
from portero.v1 import sighting_service_pb2 as pb2

from portero_client import ConnectionSettings
from portero_console.serving import running_console
from portero_console.settings import load_settings
from tests.support.client.server import FakeServer
from tests.support.console.browser import KEY
from tests.support.time.timeouts import PATIENCE


@pytest.fixture
async def address(server: FakeServer) -> AsyncIterator[str]:
    """A console that serves one live view at a time."""
    settings = load_settings(listen="127.0.0.1:0", viewers=1)
    async with running_console(settings, ConnectionSettings(server.address)) as console:
        yield f"{console.address}/api/v1/live"


async def _ids(address: str, number: int, **headers: str) -> list[str]:
    """Returns the ids of the next sightings of a stream that is then left."""
    found: list[str] = []
    async with (
        asyncio.timeout(PATIENCE),
        httpx2.AsyncClient() as http,
        http.stream("GET", address, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        position = ""
        async for line in answer.aiter_lines():
            position = line.removeprefix("id: ") if line.startswith("id: ") else position
            if line == "event: sighting":
                found.append(position)
                if len(found) == number:
                    break
    return found


async def _tell(server: FakeServer) -> None:
    number = len(server.sightings.events) + 1
    server.sightings.store(f"s{number}", "door")
    await server.sightings.tell(pb2.SIGHTING_EVENT_KIND_STARTED, f"s{number}")


async def test_a_browser_resumes_across_a_restart_of_the_console(server: FakeServer) -> None:
    """What happened meanwhile comes first, and nothing comes twice; Last-Event-ID goes before the address."""
    for _ in range(3):
        await _tell(server)
    settings, connection = load_settings(listen="127.0.0.1:0"), ConnectionSettings(server.address)
    async with running_console(settings, connection) as console:
        assert await _ids(f"{console.address}/api/v1/live?after=0", 3) == ["1", "2", "3"]
    await _tell(server)
    async with running_console(settings, connection) as console:
        await _tell(server)
        address = f"{console.address}/api/v1/live?after=0"
        assert await _ids(address, 2, **{"last-event-id": "3"}) == ["4", "5"]


async def test_a_browser_does_not_notice_a_restart_of_the_server(address: str, server: FakeServer) -> None:
    """The stream stays open, and what is stored while the server is away comes after it."""
    reading = asyncio.create_task(_ids(f"{address}?after=0", 2))
    await _tell(server)
    await server.sightings.watched(1)
    await server.stop()
    await server.start()
    await _tell(server)
    assert await reading == ["1", "2"]


async def test_one_view_too_many_is_refused(address: str) -> None:
    """The second view of a console that serves one is answered with 429, and when to try again."""
    async with httpx2.AsyncClient() as http, http.stream("GET", address) as first:
        lines = first.aiter_lines()
        await anext(lines)
        second = await http.get(address)
    assert (second.status_code, second.json()["reason"], second.headers["retry-after"]) == (
        429,
        "TOO_MANY_VIEWERS",
        "10",
    )


async def test_a_malformed_position_is_named(address: str) -> None:
    """Neither the header nor the query takes anything but a position."""
    async with httpx2.AsyncClient() as http:
        for answer in (await http.get(f"{address}?after=-1"), await http.get(address, headers={"last-event-id": "x"})):
            assert (answer.status_code, answer.json()["reason"]) == (400, "INVALID_ARGUMENT")


async def test_logging_out_ends_an_open_view(address: str, server: FakeServer) -> None:
    """A page that somebody left open elsewhere shows nobody any more."""
    server.keys.caller = access.GetCallerResponse(subject="keys/k1", grants=[access.Grant(role=access.ROLE_READER)])
    console = address.removesuffix("/api/v1/live")
    async with asyncio.timeout(PATIENCE), httpx2.AsyncClient() as http:
        assert (await http.post(f"{console}/login", data={"key": KEY})).status_code == 303
        async with http.stream("GET", address) as answer:
            lines = answer.aiter_lines()
            while await anext(lines) != "event: ready":
                pass
            await http.post(f"{console}/logout")
            said = [line async for line in lines]
    assert "event: ended" in said
    assert any("LOGIN_NEEDED" in line for line in said)
