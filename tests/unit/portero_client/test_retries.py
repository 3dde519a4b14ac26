from __future__ import annotations

import socket

import grpc
import pytest

from portero_client import (
    ConnectionSettings,
    DeadlineExceeded,
    PorteroClient,
    ResourceExhausted,
    Unavailable,
    Unreachable,
)
from tests.support.client.server import FakeServer
from tests.support.client.wire import Refusal

AWAY = Refusal(grpc.StatusCode.UNAVAILABLE, "draining", reason="DRAINING", retry_after=1.0)


async def test_a_read_is_repeated_while_the_server_is_away(client: PorteroClient, server: FakeServer) -> None:
    """A call that changes nothing is asked again and succeeds without its caller noticing."""
    await client.people.create("Ana", person_id="ana")
    server.refuse("GetPerson", AWAY)
    assert (await client.people.get("ana")).display_name == "Ana"
    assert server.calls["GetPerson"] == 2


async def test_a_creation_with_its_request_id_is_repeated(client: PorteroClient, server: FakeServer) -> None:
    """Creating a person may be repeated, because its request id makes it one creation."""
    server.refuse("CreatePerson", AWAY)
    await client.people.create("Ana", person_id="ana")
    assert server.calls["CreatePerson"] == 2


async def test_a_removal_is_not_repeated(client: PorteroClient, server: FakeServer) -> None:
    """Deleting is asked once, because its second answer would be a lie."""
    await client.people.create("Ana", person_id="ana")
    server.refuse("DeletePerson", AWAY)
    with pytest.raises(Unavailable) as caught:
        await client.people.delete("ana")
    assert (caught.value.reason, caught.value.retry_after) == ("DRAINING", 1.0)
    assert server.calls["DeletePerson"] == 1


async def test_a_refusal_is_not_repeated(client: PorteroClient, server: FakeServer) -> None:
    """Only UNAVAILABLE is retried: a full quota is the caller's to wait for."""
    server.refuse("SearchByImage", Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", reason="QUOTA", retry_after=3))
    with pytest.raises(ResourceExhausted) as caught:
        await client.images.search(b"x")
    assert caught.value.retry_after == 3
    assert server.calls["SearchByImage"] == 1


async def test_an_absent_server_is_told_with_its_address(server: FakeServer) -> None:
    """When nobody listens, the error names the address and the cause."""
    await server.stop()
    async with PorteroClient(server.address) as client:
        with pytest.raises(Unreachable, match=f"no Portero server answers at {server.address}: connection refused"):
            await client.cameras.delete("door")


async def test_a_call_ends_at_its_deadline() -> None:
    """A server that accepts connections and never answers is given up when the call's time is over."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = ConnectionSettings(server=f"127.0.0.1:{silent.getsockname()[1]}", timeout=0.05)
        async with PorteroClient(settings) as client:
            with pytest.raises(DeadlineExceeded, match="did not answer in time"):
                await client.people.get("ana")
