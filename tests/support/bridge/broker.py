"""Brokers that tests of MQTT cameras publish to: one in memory, and mosquitto."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

import aiomqtt

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.credentials import Credentials
from portero_bridge.sources.mqtt_connection import subscribed
from portero_bridge.sources.mqtt_subscription import MOST_WAITING, Publication, Subscription
from tests.support.processes.mosquitto_process import PASSWORD, USER, Mosquitto
from tests.support.time.timeouts import PATIENCE


class Broker(Protocol):
    """A broker that lets in one user."""

    subscriptions: int

    def url(self, topic: str, credentials: str = ...) -> str:
        """Returns the address of a topic."""
        ...

    async def start(self) -> None:
        """Takes connections, at the same place as before."""
        ...

    async def kill(self) -> None:
        """Goes away without a word."""
        ...

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes, and returns when the broker has it."""
        ...

    async def until_subscribed(self, times: int) -> None:
        """Waits until so many subscriptions were made so far."""
        ...

    def subscribe(self, subscription: Subscription, /) -> AbstractAsyncContextManager[AsyncIterator[Publication]]:
        """Reaches the broker as a source does."""
        ...


class _Counted:
    """Counts subscriptions, and wakes who waits for them."""

    def __init__(self) -> None:
        self.subscriptions = 0
        self._changed = asyncio.Condition()

    async def _count(self) -> None:
        async with self._changed:
            self.subscriptions += 1
            self._changed.notify_all()

    async def until_subscribed(self, times: int) -> None:
        """Waits until so many subscriptions were made so far."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self.subscriptions >= times)


class MosquittoBroker(_Counted):
    """A real broker, reached through the library."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._process = Mosquitto(folder)

    def url(self, topic: str, credentials: str = f"{USER}:{PASSWORD}") -> str:
        """Returns the address of a topic."""
        return self._process.url(topic, credentials)

    async def start(self) -> None:
        """Takes connections, at the same place as before."""
        await self._process.start()

    async def kill(self) -> None:
        """Goes away without a word."""
        await self._process.kill()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes, and returns when the broker has it."""
        async with publisher(self._process.port) as client:
            await client.publish(topic, payload, qos=1, retain=retain)

    @asynccontextmanager
    async def subscribe(self, subscription: Subscription, /) -> AsyncIterator[AsyncIterator[Publication]]:
        """Reaches the broker as a source does."""
        async with subscribed(subscription) as publications:
            await self._count()
            yield publications


@asynccontextmanager
async def publisher(port: int) -> AsyncIterator[aiomqtt.Client]:
    """Connects a client that may publish, until the end of the block."""
    async with aiomqtt.Client("127.0.0.1", port, username=USER, password=PASSWORD, timeout=PATIENCE) as client:
        yield client


class MemoryBroker(_Counted):
    """A broker in memory, which keeps the rules of a real one."""

    def __init__(self) -> None:
        super().__init__()
        self._is_on = False
        self._retained: dict[str, bytes] = {}
        self._inboxes: dict[str, _Inbox] = {}

    def url(self, topic: str, credentials: str = f"{USER}:{PASSWORD}") -> str:
        """Returns the address of a topic."""
        return f"mqtt://{credentials}{'@' if credentials else ''}broker.example/{topic}"

    async def start(self) -> None:
        """Takes connections."""
        self._is_on = True

    async def kill(self) -> None:
        """Goes away without a word, and forgets what it retained."""
        self._is_on = False
        self._retained.clear()
        for inbox in self._inboxes.values():
            inbox.end("the connection to the broker broke")
        self._inboxes.clear()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publishes, and returns when the broker has it."""
        if retain:
            self._retained[topic] = payload
        for inbox in self._inboxes.values():
            if inbox.topic == topic:
                inbox.put(payload, is_retained=False)

    @asynccontextmanager
    async def subscribe(self, subscription: Subscription, /) -> AsyncIterator[AsyncIterator[Publication]]:
        """Reaches the broker as a source does."""
        if not self._is_on:
            raise SourceFault("no connection to the broker: connection refused")
        if subscription.credentials != Credentials(USER, PASSWORD):
            raise SourceFault("the broker refuses the user name or the password: not authorized", is_refusal=True)
        inbox = _Inbox(subscription)
        before = self._inboxes.get(subscription.client_id)
        if before is not None:
            before.end("another client of the broker has the same client_id")
        self._inboxes[subscription.client_id] = inbox
        if inbox.topic in self._retained:
            inbox.put(self._retained[inbox.topic], is_retained=True)
        await self._count()
        try:
            yield inbox
        finally:
            if self._inboxes.get(subscription.client_id) is inbox:
                del self._inboxes[subscription.client_id]


class _Inbox(AsyncIterator[Publication]):
    """What waits for one client."""

    def __init__(self, subscription: Subscription) -> None:
        self.topic = subscription.address.topic
        self._now = subscription.clock.now
        self._waiting: deque[Publication] = deque()
        self._dropped = 0
        self._fault: SourceFault | None = None
        self._changed = asyncio.Event()

    def put(self, payload: bytes, *, is_retained: bool) -> None:
        """Adds a payload; of too many the oldest goes."""
        if len(self._waiting) == MOST_WAITING:
            self._waiting.popleft()
            self._dropped += 1
        self._waiting.append(Publication(payload, is_retained, self._now()))
        self._changed.set()

    def end(self, why: str) -> None:
        """Ends the connection."""
        self._fault = SourceFault(why)
        self._changed.set()

    async def __anext__(self) -> Publication:
        while not self._waiting:
            if self._fault is not None:
                raise self._fault
            self._changed.clear()
            await self._changed.wait()
        oldest, dropped = self._waiting.popleft(), self._dropped
        self._dropped = 0
        return Publication(oldest.payload, oldest.is_retained, oldest.arrival, dropped)
