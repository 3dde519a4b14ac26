"""A fake server on a loopback port and a client of it, for every test of the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portero_client import Backoff, ConnectionSettings, PorteroClient
from tests.support.client.server import FakeServer


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A running fake server."""
    async with FakeServer() as running:
        yield running


@pytest.fixture
def settings(server: FakeServer) -> ConnectionSettings:
    """Settings of a client that resumes its watches without waiting."""
    return ConnectionSettings(server=server.address, reconnect=Backoff(first=0.0, cap=0.0))


@pytest.fixture
async def client(settings: ConnectionSettings) -> AsyncIterator[PorteroClient]:
    """A client of the fake server."""
    async with PorteroClient(settings) as connected:
        yield connected
