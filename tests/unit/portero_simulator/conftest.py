"""A simulator in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.server.simulated_rekognition import Simulation, ask, simulated


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    """A simulator with the scripted engine and an empty collection "staff"."""
    async with simulated() as running:
        await ask(running.client.create_collection, CollectionId="staff")
        yield running
