"""What tests of streams share."""

from collections.abc import AsyncIterator

import pytest

from tests.support.bridge.server import BridgeServer


@pytest.fixture
async def server() -> AsyncIterator[BridgeServer]:
    """Yields a running server that knows every camera; at the end nothing may have broken the contract."""
    server = BridgeServer()
    await server.start()
    yield server
    await server.stop()
    assert server.violations == []
