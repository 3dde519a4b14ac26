"""A server's side of a connection to an MQTT broker, which notes what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from portero_server.events.mqtt_ports import MqttMessage
from tests.support.time.timeouts import PATIENCE


class Heard:
    """Notes what comes from the broker.

    Attributes:
        breaks: How often the connection ended.
    """

    def __init__(self) -> None:
        self.messages: list[MqttMessage] = []
        self.refusals: list[str] = []
        self.breaks = 0
        self._changed = asyncio.Event()

    def received(self, message: MqttMessage) -> None:
        """A message came."""
        self.messages.append(message)
        self._changed.set()

    def refused(self, reason: str) -> None:
        """A publication was refused."""
        self.refusals.append(reason)
        self._changed.set()

    def broken(self) -> None:
        """The connection ended."""
        self.breaks += 1
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until something is so."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
