"""The connection to an MQTT broker; the only module of the server that knows the library."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from portero_server.domain.events.camera_state import OFFLINE
from portero_server.domain.events.mqtt_topics import MqttTopics
from portero_server.events.mqtt_ports import BrokerFault, MqttListener, MqttMessage

# A broker that is gone without a word is noticed after one and a half of them.
_KEEPALIVE = 20
# Larger messages do not even come.
_MOST_PACKET_BYTES = 64 * 1024
_LEAVE_TIMEOUT = 2.0
_QOS = 1
# The library warns of more calls that wait for the broker; the publisher bounds them.
_CALLS = 64


@dataclass(frozen=True, slots=True)
class MqttBroker:
    """A broker, and as whom it is connected to.

    All servers of an installation have one client id, since one of them at a time is connected. So the broker takes a
    server that connects for the one before it, and says "offline" only when none has come for `offline_after` seconds.

    Attributes:
        host, port: Where it is.
        topics: What is subscribed to; where it says "offline".
        username: None: no user name.
        password_file: Read at each connection; None: no password.
        tls: How its certificate is checked; None: without TLS.
        offline_after: Whole seconds.
        timeout: Seconds for each answer.
    """

    host: str
    port: int
    topics: MqttTopics
    username: str | None
    password_file: Path | None
    tls: ssl.SSLContext | None
    offline_after: int
    timeout: float = 10.0

    @asynccontextmanager
    async def connected(self, listener: MqttListener) -> AsyncIterator[_Client]:
        """Connects and subscribes until the end of the block.

        Raises:
            BrokerFault: The broker is off or refuses.
        """
        client = _Client(self, self._password(), listener)
        with _translated(self):
            await client.enter()
        try:
            with _translated(self):
                wanted = (self.topics.status, self.topics.of_cameras, self.topics.birth)
                codes = await client.subscribe([(topic, _QOS) for topic in wanted])
            for topic, code in zip(wanted, codes, strict=True):
                if isinstance(code, ReasonCode) and code.is_failure:
                    raise BrokerFault(f"the broker refuses a subscription to {topic}: {code}")
            yield client
        finally:
            await client.leave()

    def _password(self) -> str | None:
        if self.password_file is None:
            return None
        try:
            return self.password_file.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise BrokerFault(f"PORTERO_MQTT_PASSWORD_FILE ({self.password_file}) cannot be read") from None


class _Client(aiomqtt.Client):
    """The library's client, which tells a listener what comes, and leaves so that another server can take its place."""

    def __init__(self, broker: MqttBroker, password: str | None, listener: MqttListener) -> None:
        connecting = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the library's
        connecting.SessionExpiryInterval = broker.offline_after
        connecting.MaximumPacketSize = _MOST_PACKET_BYTES
        leaving = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]  # the library's
        leaving.WillDelayInterval = broker.offline_after
        super().__init__(
            broker.host,
            broker.port,
            username=broker.username,
            password=password,
            identifier=f"portero-{broker.topics.base.replace('/', '_')}",
            protocol=aiomqtt.ProtocolVersion.V5,
            # A new start would make the broker publish the will of the server before at once.
            clean_start=False,
            properties=connecting,
            will=aiomqtt.Will(broker.topics.status, OFFLINE, _QOS, retain=True, properties=leaving),
            timeout=broker.timeout,
            keepalive=_KEEPALIVE,
            tls_context=broker.tls,
        )
        self.pending_calls_threshold = _CALLS
        self._client.connect_timeout = broker.timeout
        self._connect_ended = asyncio.Event()
        self._broker = broker
        self._listener = listener

    async def enter(self) -> None:
        """Connects. Canceled, or refused, it leaves no connection behind.

        Raises:
            MqttError: The broker is off or refuses.
        """
        entering = asyncio.ensure_future(self.__aenter__())
        try:
            await asyncio.wait({entering})
            await entering
        except BaseException:
            # The library connects in a thread, which nothing can cancel.
            await self._connect_ended.wait()
            entering.cancel()
            await asyncio.wait({entering})
            # Seen, so that it is not reported as forgotten.
            entering.cancelled() or entering.exception()
            if self._connected.cancelled():
                # When its socket closes, the library asks this future for its exception: canceled, it would raise, and
                # the socket would stay open until the next keepalive.
                self._connected = self._loop.create_future()
            self._disconnect_with_will()
            await self._let_go()
            raise
        self._disconnected.add_done_callback(self._has_broken)

    def check(self) -> None:
        """Raises BrokerFault once the connection has ended."""
        if self._disconnected.done():
            raise BrokerFault("the connection to the broker broke")

    async def publish(self, topic: str, payload: str) -> None:  # type: ignore[override]  # less than the library's
        """Publishes, and has the broker retain it.

        Raises:
            BrokerFault: It did not confirm.
        """
        with _translated(self._broker):
            await super().publish(topic, payload.encode(), _QOS, retain=True)

    async def leave(self) -> None:
        """Disconnects, within a bounded time; the broker says "offline" later, unless another server connects."""
        if not self._disconnected.done():
            self._disconnect_with_will()
            await asyncio.wait({self._disconnected}, timeout=_LEAVE_TIMEOUT)
        await self._let_go()
        if self._disconnected.done():
            # Seen, too.
            self._disconnected.exception()

    def _disconnect_with_will(self) -> None:
        self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message"))

    def _client_connect(self) -> None:
        """Connects, in a thread, and says when that has ended."""
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self._connect_ended.set)

    def _on_message(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        """Hands a message to the listener; the library would queue it."""
        self._listener.received(MqttMessage(message.topic, bytes(message.payload), bool(message.retain)))

    def _on_publish(
        self, client: mqtt.Client, userdata: object, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        """Notes whether a publication was refused; the library takes it for confirmed."""
        if reason_code.is_failure:
            self._listener.refused(str(reason_code))
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _has_broken(self, _: asyncio.Future[None]) -> None:
        self._listener.broken()

    async def _let_go(self) -> None:
        """Closes the socket, if it is still open."""
        self._client.disconnect()
        for _ in range(10):
            if self._client.socket() is None:
                return
            await asyncio.sleep(0)


@contextmanager
def _translated(broker: MqttBroker) -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise BrokerFault(_words(error, broker)) from None


def _words(error: aiomqtt.MqttError, broker: MqttBroker) -> str:
    """Returns what is wrong, without the library's own words, which may name what was sent."""
    hidden: Any = error.__context__
    if isinstance(hidden, TimeoutError):
        hint = "" if broker.tls is not None else "; a port for TLS needs mqtts://"
        return f"the broker gave no answer for {broker.timeout:g} s{hint}"
    if isinstance(hidden, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not trusted: {hidden.verify_message}"
    if isinstance(hidden, ssl.SSLError):
        return "the broker does not speak TLS as this server does; a port without TLS needs mqtt://"
    if isinstance(hidden, OSError):
        # A name that is not known has a number of another kind.
        number = hidden.errno or 0
        return f"no connection to the broker: {os.strerror(number).lower() if number > 0 else 'no such host'}"
    if isinstance(error, aiomqtt.MqttCodeError) and isinstance(error.rc, ReasonCode):
        return f"the broker refuses: {str(error.rc).lower()}"
    return "the connection to the broker broke"
