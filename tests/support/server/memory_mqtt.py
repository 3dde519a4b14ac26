"""An MQTT broker in memory, as far as servers that publish need one; tests/contracts holds it to a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portero_server.domain.events.camera_state import OFFLINE
from portero_server.domain.events.mqtt_topics import MqttTopics
from portero_server.events.mqtt_ports import BrokerFault, MqttListener, MqttMessage


class MemoryMqtt:
    """Keeps what is retained; of servers, which all have one client id, the last to connect stays.

    Attributes:
        retained: What is retained, by topic.
        said: All that was published, in order.
        connections: How often a server connected.
        pace: Seconds until a publication is confirmed.
        refuses: Whether publications of servers are refused.
    """

    def __init__(self, topics: MqttTopics, offline_after: float) -> None:
        self.retained: dict[str, str] = {}
        self.said: list[tuple[str, str]] = []
        self.connections = 0
        self.pace = 0.01
        self.refuses = False
        self._topics = topics
        self._offline_after = offline_after
        self._is_on = True
        self._session: _Session | None = None
        self._will: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    async def until_retained(self, topic: str, payload: str) -> None:
        """Waits until a topic retains a payload."""
        while self.retained.get(topic) != payload:
            self._changed.clear()
            await self._changed.wait()

    def start(self) -> None:
        """Takes connections."""
        self._is_on = True

    def kill(self) -> None:
        """Goes away without a word, and forgets what it retained."""
        self._is_on = False
        self.retained.clear()
        self._forget_will()
        if self._session is not None:
            self._session.end()
            self._session = None

    def cut(self) -> None:
        """Ends the connection of the server, as a network does."""
        if self._session is not None:
            self._session.end()

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publishes, as anybody who may."""
        self.said.append((topic, payload))
        if retain:
            self.retained[topic] = payload
            if not payload:
                del self.retained[topic]
        self._changed.set()
        if self._session is not None and self._is_subscribed(topic):
            self._session.listener.received(MqttMessage(topic, payload.encode(), is_retained=False))

    @asynccontextmanager
    async def connected(self, listener: MqttListener) -> AsyncIterator[_Session]:
        """Connects a server until the end of the block."""
        if not self._is_on:
            raise BrokerFault("no connection to the broker: connection refused")
        self._forget_will()
        if self._session is not None:
            self._session.end()
        self._session = session = _Session(self, listener)
        self.connections += 1
        for topic, payload in self.retained.items():
            if self._is_subscribed(topic):
                asyncio.get_running_loop().call_soon(
                    listener.received, MqttMessage(topic, payload.encode(), is_retained=True)
                )
        try:
            yield session
        finally:
            if self._session is session:
                self._session = None
                self._will = asyncio.get_running_loop().call_later(self._offline_after, self._say_offline)

    def _is_subscribed(self, topic: str) -> bool:
        of_cameras = topic.startswith(self._topics.of_cameras.removesuffix("#"))
        return of_cameras or topic in (self._topics.status, self._topics.birth)

    def _say_offline(self) -> None:
        self.publish(self._topics.status, OFFLINE, retain=True)

    def _forget_will(self) -> None:
        if self._will is not None:
            self._will.cancel()
            self._will = None


class _Session:
    """The connection of one server."""

    def __init__(self, broker: MemoryMqtt, listener: MqttListener) -> None:
        self.listener = listener
        self._broker = broker
        self._is_open = True

    def end(self) -> None:
        """Ends the connection."""
        self._is_open = False
        self.listener.broken()

    def check(self) -> None:
        """Raises BrokerFault once the connection has ended."""
        if not self._is_open:
            raise BrokerFault("the connection to the broker broke")

    async def publish(self, topic: str, payload: str) -> None:
        """Publishes and has it retained; it takes a moment until that is confirmed."""
        self.check()
        if self._broker.refuses:
            self.listener.refused("Not authorized")
        else:
            self._broker.publish(topic, payload, retain=True)
        await asyncio.sleep(self._broker.pace)
        self.check()
