"""A real broker that servers publish to, and somebody who listens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt

from portero_server.events.mqtt_connection import MqttBroker
from portero_server.events.mqtt_ports import Connect
from tests.support.processes.mosquitto_process import PASSWORD, USER, Mosquitto
from tests.support.server.published_cameras import TOPICS
from tests.support.time.timeouts import PATIENCE


@asynccontextmanager
async def mosquitto_for_servers(folder: Path, *lines: str) -> AsyncIterator[MosquittoForServers]:
    """Runs a broker until the end of the block."""
    process = Mosquitto(folder, *lines)
    await process.start()
    try:
        async with listening(process.port) as ear:
            yield MosquittoForServers(folder, process, ear)
    finally:
        await process.kill()


@asynccontextmanager
async def listening(port: int) -> AsyncIterator[Ear]:
    """Listens to everything until the end of the block, or until the broker goes away."""
    ear = Ear()
    async with aiomqtt.Client("127.0.0.1", port, username=USER, password=PASSWORD, timeout=PATIENCE) as client:
        await client.subscribe("#", qos=1)
        task = asyncio.create_task(ear.listen(client))
        try:
            yield ear
        finally:
            task.cancel()
            await asyncio.wait([task])


class Ear:
    """Notes what is published.

    Attributes:
        said: Topics and payloads in order, those that were retained before first.
        last: The last payload of each topic; topics whose last payload is empty are not there.
    """

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.last: dict[str, str] = {}
        self._changed = asyncio.Event()

    async def listen(self, client: aiomqtt.Client) -> None:
        """Notes what comes until the connection ends."""
        async for message in client.messages:
            topic, payload = message.topic.value, bytes(message.payload).decode()
            self.said.append((topic, payload))
            self.last[topic] = payload
            if not payload:
                del self.last[topic]
            self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class MosquittoForServers:
    """The broker, as the contract of brokers asks for it."""

    def __init__(self, folder: Path, process: Mosquitto, ear: Ear) -> None:
        self.process = process
        self.ear = ear
        self._password = folder / "mqtt.password"
        self._password.write_text(f"{PASSWORD}\n")
        self._password.chmod(0o600)

    @property
    def connect(self) -> Connect:
        """Connects a server, which counts as offline a second after it went."""
        return MqttBroker("127.0.0.1", self.process.port, TOPICS, USER, self._password, None, 1, PATIENCE).connected

    async def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publishes as somebody else, and returns when the broker has it."""
        async with aiomqtt.Client(
            "127.0.0.1", self.process.port, username=USER, password=PASSWORD, timeout=PATIENCE
        ) as client:
            await client.publish(topic, payload, qos=1, retain=retain)

    async def said(self, topic: str, payload: str) -> Sequence[str]:
        """Returns all payloads that were published to a topic by now; waits until a certain one is the last."""
        await self.ear.until(lambda: self.ear.last.get(topic) == payload)
        return [each for of, each in self.ear.said if of == topic]

    async def kill(self) -> None:
        """Goes away without a word."""
        await self.process.kill()
