"""The contract of brokers on a real mosquitto and on the one in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.broker_contract import BrokerContract
from tests.support.bridge.broker import Broker, MemoryBroker, MosquittoBroker
from tests.support.processes.mosquitto_process import MISSING, is_installed


class TestMemory(BrokerContract):
    """The broker in memory."""

    @pytest.fixture
    async def broker(self, tmp_path: Path) -> AsyncIterator[Broker]:
        """Yields a broker that runs."""
        broker = MemoryBroker()
        await broker.start()
        yield broker
        await broker.kill()


@pytest.mark.skipif(not is_installed(), reason=MISSING)
class TestMosquitto(BrokerContract):
    """A real broker, through the library."""

    @pytest.fixture
    async def broker(self, tmp_path: Path) -> AsyncIterator[Broker]:
        """Yields a broker that runs."""
        broker = MosquittoBroker(tmp_path)
        await broker.start()
        yield broker
        await broker.kill()
