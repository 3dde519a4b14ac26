"""The contract of brokers that servers publish to, on mosquitto and on the fake."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from portero_server.events.mqtt_ports import Connect
from tests.contracts.mqtt_broker_contract import MqttBrokerContract, PublishedTo
from tests.support.processes.mosquitto_process import MISSING, is_installed
from tests.support.server.memory_mqtt import MemoryMqtt
from tests.support.server.mosquitto_broker import mosquitto_for_servers
from tests.support.server.published_cameras import TOPICS


@pytest.mark.skipif(not is_installed(), reason=MISSING)
class TestMosquitto(MqttBrokerContract):
    """A real broker, reached through the library."""

    @pytest.fixture
    async def broker(self, tmp_path: Path) -> AsyncIterator[PublishedTo]:
        """A broker of its own."""
        async with mosquitto_for_servers(tmp_path) as broker:
            yield broker


class TestMemoryMqtt(MqttBrokerContract):
    """The fake of the publisher's tests."""

    @pytest.fixture
    def broker(self) -> PublishedTo:
        """A broker in memory."""
        return _Memory()


class _Memory:
    """The fake, as the contract asks for it."""

    def __init__(self) -> None:
        self._broker = MemoryMqtt(TOPICS, 0.05)

    @property
    def connect(self) -> Connect:
        return self._broker.connected

    async def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        await asyncio.sleep(0)
        self._broker.publish(topic, payload, retain=retain)

    async def said(self, topic: str, payload: str) -> Sequence[str]:
        await self._broker.until_retained(topic, payload)
        return [each for of, each in self._broker.said if of == topic]

    async def kill(self) -> None:
        self._broker.kill()
