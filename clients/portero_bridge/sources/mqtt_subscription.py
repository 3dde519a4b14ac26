"""What an MQTT source asks of a broker and what it gets: the seam between the source and the library."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from portero_bridge.sources.http.credentials import Credentials
from portero_bridge.sources.http.trust import Trust
from portero_bridge.sources.mqtt_address import MqttAddress
from portero_client.streaming.clock import Clock

MOST_WAITING = 4
"""Payloads that wait to be taken; of more, the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic of one broker, and how it is reached.

    Attributes:
        address: Broker, topic and options.
        client_id: What the bridge calls itself; a broker closes the older of two connections with one name.
        credentials: Who asks, or None.
        trust: Which certificates of brokers are trusted.
        client_certificate: The bridge's certificate, PEM, or None.
        client_key: Its private key, PEM, or None.
        connect_timeout: Longest time for each step of connecting, seconds.
        clock: The bridge's clock.
    """

    address: MqttAddress
    client_id: str
    credentials: Credentials | None
    trust: Trust
    client_certificate: Path | None
    client_key: Path | None
    connect_timeout: float
    clock: Clock


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published to the topic.

    Attributes:
        payload: The bytes.
        is_retained: Whether the broker had kept it from before the subscription: nobody knows how old it is.
        arrival: When it came, UTC.
        dropped: How many were dropped since the one before, because newer ones came before they were taken.
    """

    payload: bytes
    is_retained: bool
    arrival: datetime
    dropped: int = 0


class Subscribe(Protocol):
    """Connects to a broker and subscribes."""

    def __call__(self, subscription: Subscription, /) -> AbstractAsyncContextManager[AsyncIterator[Publication]]:
        """Returns a context that is connected and subscribed; leaving it disconnects.

        Entering it, and taking a publication, raises SourceFault: the broker is off, refuses, or went away.
        """
        ...
