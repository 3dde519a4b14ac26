"""The connection to an MQTT broker; the only module that knows the library.

The library parses on the event loop and connects in one of its few threads. So the broker is reached by a connection of
our own first: forty cameras of a broker that is off keep no thread.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Any, cast

import aiomqtt
import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.lookup import Lookup
from portero_bridge.sources.http.trust import Trust
from portero_bridge.sources.mqtt_address import MqttAddress
from portero_bridge.sources.mqtt_faults import broker_fault, topic_fault, unreached
from portero_bridge.sources.mqtt_payload import MOST_PAYLOAD_BYTES
from portero_bridge.sources.mqtt_subscription import MOST_WAITING, Publication, Subscription

# A broker that is gone without a word is noticed after one and a half of them.
_KEEPALIVE = 30
# Topic and properties of a packet come on top of its payload.
_MOST_PACKET_BYTES = MOST_PAYLOAD_BYTES + 128 * 1024
# To say goodbye to a broker that may not listen.
_LEAVE_TIMEOUT = 1.0
_LOOKUP = Lookup()


@asynccontextmanager
async def subscribed(subscription: Subscription, /) -> AsyncIterator[AsyncIterator[Publication]]:
    """Connects and subscribes until the end of the block; yields what is published.

    Raises:
        SourceFault: The broker is off, refuses, or went away.
    """
    address = subscription.address
    context = _tls_context(subscription) if address.is_secure else None
    await _reach(address.host, address.port, subscription.connect_timeout)
    arrivals = Arrivals(subscription.clock.now)
    client = _Client(subscription, context, arrivals)
    with _translated(subscription):
        await client.enter()
    try:
        with _translated(subscription):
            for code in await client.ask_for(address):
                if (fault := topic_fault(code)) is not None:
                    raise fault
        yield _Publications(client, arrivals, subscription)
    finally:
        await client.leave()


@contextmanager
def _translated(subscription: Subscription) -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise broker_fault(error, subscription) from error


class Arrivals(asyncio.Queue[aiomqtt.Message]):
    """Keeps the newest payloads and when they came; drops the oldest when there are too many.

    Args:
        now: Returns the time of day, UTC.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(maxsize=MOST_WAITING)
        self._now = now
        self._times: deque[datetime] = deque()
        self._taken_at = now()
        self._dropped = 0

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Adds what has just come."""
        if self.full():
            super().get_nowait()
            self._times.popleft()
            self._dropped += 1
        if len(item.payload) > MOST_PAYLOAD_BYTES:
            # Only MQTT 5 lets a client refuse it beforehand. What is kept is enough to refuse it by.
            item.payload = item.payload[: MOST_PAYLOAD_BYTES + 1]
        super().put_nowait(item)
        self._times.append(self._now())

    def get_nowait(self) -> aiomqtt.Message:
        """Returns the oldest of those that wait."""
        message = super().get_nowait()
        self._taken_at = self._times.popleft()
        return message

    def publication(self, message: aiomqtt.Message) -> Publication:
        """Returns what was taken out just now, with what is known about its coming."""
        dropped, self._dropped = self._dropped, 0
        return Publication(bytes(message.payload), bool(message.retain), self._taken_at, dropped)


class _Client(aiomqtt.Client):
    """The library's client, which also lets go of a connection that it did not get to use."""

    def __init__(self, subscription: Subscription, context: ssl.SSLContext | None, arrivals: Arrivals) -> None:
        address, credentials = subscription.address, subscription.credentials
        options: dict[str, Any] = {"protocol": aiomqtt.ProtocolVersion.V311, "clean_session": True}
        if address.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the library's
            # Larger ones do not even come. Before MQTT 5 a client could not say so.
            properties.MaximumPacketSize = _MOST_PACKET_BYTES
            options = {"protocol": aiomqtt.ProtocolVersion.V5, "clean_start": True, "properties": properties}
        super().__init__(
            address.host,
            address.port,
            username=None if credentials is None else credentials.username,
            password=None if credentials is None else credentials.password,
            identifier=subscription.client_id,
            # The library makes its queue itself, and ours is one.
            queue_type=cast("type[asyncio.Queue[aiomqtt.Message]]", lambda maxsize: arrivals),
            timeout=subscription.connect_timeout,
            keepalive=_KEEPALIVE,
            tls_context=context,
            **options,
        )
        self._client.connect_timeout = subscription.connect_timeout
        self._connect_ended = asyncio.Event()

    async def enter(self) -> None:
        """Connects. Canceled, or refused, it leaves no connection behind.

        Raises:
            MqttError: The broker is off or refuses.
        """
        entering = asyncio.ensure_future(self.__aenter__())
        hung_up = self._disconnected
        try:
            either: set[asyncio.Future[Any]] = {entering, hung_up}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if entering.done():
                await entering
            else:
                _raise_hung_up(hung_up)
        except BaseException:
            # The library connects in a thread, which nothing can cancel.
            await self._connect_ended.wait()
            entering.cancel()
            await asyncio.wait({entering})
            # Seen, so that it is not reported as forgotten.
            entering.cancelled() or entering.exception()
            await self._let_go()
            raise

    async def ask_for(self, address: MqttAddress) -> Sequence[ReasonCode | int]:
        """Subscribes to the topic. Returns what the broker says to it.

        Raises:
            MqttError: It says nothing, or went away.
        """
        return await self.subscribe(address.topic, address.qos)

    async def leave(self) -> None:
        """Disconnects, within a bounded time."""
        self.timeout = _LEAVE_TIMEOUT
        with suppress(aiomqtt.MqttError):
            await self.__aexit__(None, None, None)
        await self._let_go()
        if self._disconnected.done():
            # Seen, too.
            self._disconnected.exception()

    def _client_connect(self) -> None:
        """Connects, in a thread, and says when that has ended."""
        try:
            super()._client_connect()
        finally:
            self._loop.call_soon_threadsafe(self._connect_ended.set)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.DisconnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        """Notes who hangs up before the broker answered; the library would wait for the answer all the same."""
        if self._connected.cancelled():
            # Nobody waits, and the library would raise.
            return
        if not self._connected.done() and not self._disconnected.done():
            self._disconnected.set_exception(ConnectionResetError())
        super()._on_disconnect(client, userdata, flags, reason_code, properties)

    async def _let_go(self) -> None:
        """Closes the socket, if it is still open."""
        self._client.disconnect()
        for _ in range(10):
            if self._client.socket() is None:
                return
            await asyncio.sleep(0)


def _raise_hung_up(hung_up: asyncio.Future[None]) -> None:
    """Raises MqttError: what made the library hang up, or the broker did."""
    error = hung_up.exception() or ConnectionResetError()
    try:
        raise error
    except Exception as hidden:
        raise aiomqtt.MqttError("hung up") from hidden


class _Publications(AsyncIterator[Publication]):
    """What is published to the topic, until the connection ends."""

    def __init__(self, client: aiomqtt.Client, arrivals: Arrivals, subscription: Subscription) -> None:
        self._messages = client.messages
        self._arrivals = arrivals
        self._subscription = subscription

    async def __anext__(self) -> Publication:
        with _translated(self._subscription):
            return self._arrivals.publication(await anext(self._messages))


async def _reach(host: str, port: int, timeout: float) -> None:
    """Connects to the broker and hangs up.

    Raises:
        SourceFault: Nobody listens there.
    """
    try:
        async with asyncio.timeout(timeout):
            await _open_one(await _LOOKUP.addresses(host), port)
    except TimeoutError as error:
        raise SourceFault(f"no connection to the broker: no answer for {timeout:g} s") from error
    except OSError as error:
        raise unreached(error) from error


async def _open_one(addresses: list[str], port: int) -> None:
    for left, address in enumerate(addresses, 1 - len(addresses)):
        try:
            _, writer = await asyncio.open_connection(address, port)
        except OSError:
            if left == 0:
                raise
        else:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return


def _tls_context(subscription: Subscription) -> ssl.SSLContext:
    trust, certificate = subscription.trust, subscription.client_certificate
    if trust.fingerprint is None and certificate is None:
        return trust.context()
    context = trust.own_context()
    if trust.fingerprint is not None:
        context.sslsocket_class = _pinned_socket(trust)
    if certificate is not None:
        try:
            # Without an answer here, the terminal would be asked for the password of a key that has one.
            context.load_cert_chain(certificate, subscription.client_key, password=lambda: b"")
        except (OSError, ValueError) as error:
            raise SourceFault(f"client_certificate {certificate} and client_key cannot be read") from error
    return context


def _pinned_socket(trust: Trust) -> type[ssl.SSLSocket]:
    class PinnedSocket(ssl.SSLSocket):
        """Compares the broker's certificate with the fingerprint before anything is sent."""

        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            trust.check(self.getpeercert(binary_form=True))

    return PinnedSocket
