"""A hostile client, in a process of its own: bounded in rate and time, and given an address on this machine only.

    python -m tests.benchmarks.hostile.attacker ORDERS

ORDERS is JSON, the attributes of `Orders`. Prints what it did as JSON.
"""

from __future__ import annotations

import ipaddress
import json
import select
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import grpc
from portero.v1 import recognition_service_pb2, recognition_service_pb2_grpc

from tests.support.images.pngs import inflating_png
from tests.support.server import raw_http2 as http2

SOURCE = "127.0.0.66"
"""The address attacks come from, unless told otherwise: the good clients have another."""

_CHECK = "/grpc.health.v1.Health/Check"
_WATCH = "/grpc.health.v1.Health/Watch"
_RECOGNIZE = "/portero.v1.RecognitionService/RecognizeImage"
_BATCH = 100
_TURN = 0.005
_MOST_UNSENT = 256 * 1024
_CHUNK = 16_000


@dataclass(frozen=True, slots=True)
class Orders:
    """What to do.

    Attributes:
        kind: One of `KINDS`.
        address: HOST:PORT, on this machine.
        seconds: For how long.
        rate: Most calls a second, of all connections together.
        connections: Kept open at once; one that the server closes is opened anew.
        key: The credential shown by the kinds that show one.
        source: The address to come from.
        tls: Whether TLS is spoken; the server's certificate is not looked at.
    """

    kind: str
    address: str
    seconds: float
    rate: float = 20_000.0
    connections: int = 1
    key: str = ""
    source: str = SOURCE
    tls: bool = False


@dataclass(slots=True)
class Done:
    """What was done.

    Attributes:
        connected: Connections opened.
        closed: Connections that the server closed.
        refused: Connections, or images, that it did not take.
        calls: Calls begun.
        ended: Calls that the server ended.
        sent: Bytes.
        received: Bytes.
        began: When the attack began, on the clock of all processes of this machine.
        over: When it was over.
    """

    connected: int = 0
    closed: int = 0
    refused: int = 0
    calls: int = 0
    ended: int = 0
    sent: int = 0
    received: int = 0
    began: float = 0.0
    over: float = 0.0


Make = Callable[[int, int], bytes]
"""Returns the frames of so many calls, given the first's stream."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to be a burden.

    Attributes:
        make: Makes its calls.
        most: Calls of one connection.
        batch: Calls that are sent at once.
    """

    make: Make
    most: int = 2**30
    batch: int = _BATCH


class _Connection:
    """One connection; answers SETTINGS and PING as a well-behaved client, so that nothing holds it back."""

    def __init__(self, orders: Orders, done: Done) -> None:
        host, _, port = orders.address.rpartition(":")
        self.stream = 1
        self.calls = 0
        self._done = done
        self._tls = orders.tls
        self._unsent = bytearray(http2.hello())
        self._unread = bytearray()
        raw = socket.socket()
        raw.bind((orders.source, 0))
        raw.settimeout(2.0)
        raw.connect((host, int(port)))
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if orders.tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            raw = context.wrap_socket(raw)
        raw.setblocking(False)
        self.socket = raw
        done.connected += 1

    @property
    def has_room(self) -> bool:
        """Whether more may be put in."""
        return len(self._unsent) < _MOST_UNSENT

    def put(self, data: bytes) -> None:
        """Has data sent when the server takes it."""
        self._unsent += data

    def turn(self) -> bool:
        """Sends and receives what can be at once; False: the server closed it."""
        try:
            while self._unsent and (count := self._send(bytes(self._unsent[:262_144]))):
                self._done.sent += count
                del self._unsent[:count]
            while data := self._receive():
                self._done.received += len(data)
                self._unread += data
        except (OSError, EOFError):
            self._done.closed += 1
            self.socket.close()
            return False
        self._answer()
        return True

    def _send(self, data: bytes) -> int:
        try:
            return self.socket.send(data)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return 0

    def _receive(self) -> bytes:
        try:
            data = self.socket.recv(262_144)
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return b""
        if not data:
            raise EOFError
        return data

    def _answer(self) -> None:
        start = 0
        while len(self._unread) >= start + http2.HEAD:
            length = int.from_bytes(self._unread[start : start + 3])
            end = start + http2.HEAD + length
            if len(self._unread) < end:
                break
            kind, flags = self._unread[start + 3], self._unread[start + 4]
            self._unsent += http2.answered(kind, flags, bytes(self._unread[start + http2.HEAD : end]))
            self._done.ended += http2.ends_stream(kind, flags)
            start = end
        del self._unread[:start]


def _resets(path: str, key: str = "") -> Callable[[Orders], Kind]:
    def kind(orders: Orders) -> Kind:
        shown = f"Bearer {orders.key}" if key else None
        block = http2.header_block(path, tls=orders.tls, authorization=shown)
        return Kind(lambda first, count: http2.begun_and_reset(first, count, block))

    return kind


def _each(make: Callable[[int], bytes], **options: int) -> Kind:
    return Kind(lambda first, count: b"".join(make(first + 2 * number) for number in range(count)), **options)


def _silent(path: str, *, shows_key: bool = False) -> Callable[[Orders], Kind]:
    def kind(orders: Orders) -> Kind:
        shown = f"Bearer {orders.key}" if shows_key else None
        block = http2.header_block(path, tls=orders.tls, authorization=shown)
        return _each(lambda stream: http2.opened(stream, block), most=4096)

    return kind


def _watch(orders: Orders) -> Kind:
    block = http2.header_block(_WATCH, tls=orders.tls)
    return _each(lambda stream: http2.opened(stream, block) + http2.message(stream, b""), most=4096)


def _metadata(orders: Orders) -> Kind:
    fields = ((b"x-note", b"\xff\xfe\xc3\x28"),)
    block = http2.header_block(_CHECK, tls=orders.tls, authorization="Bearer ptk_not_a_key_of_anybody", fields=fields)
    return _each(lambda stream: http2.opened(stream, block) + http2.message(stream, b""))


def _pings(orders: Orders) -> Kind:
    return Kind(lambda first, count: http2.frame(http2.PING, 0, 0, struct.pack(">Q", first)) * count)


def _settings(orders: Orders) -> Kind:
    return Kind(lambda first, count: http2.frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 0x4, 65_535)) * count)


BOMB = "bomb"
"""The one kind besides: an image that inflates to gigabytes, shown with a key."""

KINDS: dict[str, Callable[[Orders], Kind]] = {
    "silent-check": _silent(_CHECK),
    "watch": _watch,
    "silent-call": _silent("/portero.v1.CameraService/GetCamera", shows_key=True),
    "silent-stream": _silent("/portero.v1.RecognitionService/StreamFrames", shows_key=True),
    "silent-stranger": _silent("/portero.v1.CameraService/GetCamera"),
    "reset-open": _resets(_CHECK),
    "reset-closed": _resets("/portero.v1.CameraService/GetCamera"),
    "reset-unknown": _resets("/portero.v1.CameraService/NoSuchMethod"),
    "reset-key": _resets("/portero.v1.CameraService/GetCamera", key="shown"),
    "metadata": _metadata,
    "pings": _pings,
    "settings": _settings,
}
"""The ways to be a burden, by name."""


def attack(orders: Orders) -> Done:
    """Does as told until the time is over.

    Raises:
        ValueError: The address is not this machine's.
    """
    host, _, _ = orders.address.rpartition(":")
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"only this machine is attacked, not {host}")
    if orders.kind == BOMB:
        return _bombs(orders)
    kind = KINDS[orders.kind](orders)
    connections: list[_Connection] = []
    began = time.monotonic()
    done = Done(began=began)
    while (now := time.monotonic()) < began + orders.seconds:
        if len(connections) < orders.connections:
            try:
                connections.append(_Connection(orders, done))
            except OSError:
                done.refused += 1
                time.sleep(_TURN)
        allowed = int((now - began) * orders.rate) - done.calls
        for connection in connections:
            count = min(allowed, kind.batch, kind.most - connection.calls)
            if count > 0 and connection.has_room:
                connection.put(kind.make(connection.stream, count))
                connection.stream += 2 * count
                connection.calls += count
                done.calls += count
                allowed -= count
        connections = [connection for connection in connections if connection.turn()]
        waiting = [connection.socket for connection in connections]
        writers = waiting if allowed >= _BATCH else []
        select.select(waiting, writers, [], _TURN)
    done.over = time.monotonic()
    for connection in connections:
        connection.socket.close()
    return done


def _bombs(orders: Orders) -> Done:
    """Shows one image that inflates to gigabytes after the other; flow control makes this a job for a library."""
    request = recognition_service_pb2.RecognizeImageRequest(image=inflating_png())
    metadata = (("authorization", f"Bearer {orders.key}"),)
    options = [("grpc.use_local_subchannel_pool", 1)]
    done = Done(began=time.monotonic())
    until = done.began + orders.seconds
    with grpc.insecure_channel(orders.address, options=options) as channel:
        stub = recognition_service_pb2_grpc.RecognitionServiceStub(channel)
        while time.monotonic() < until:
            done.calls += 1
            done.sent += len(request.image)
            try:
                stub.RecognizeImage(request, metadata=metadata, timeout=max(0.1, until - time.monotonic()))
            except grpc.RpcError:
                done.refused += 1
            time.sleep(1 / orders.rate)
        done.over = time.monotonic()
    return done


if __name__ == "__main__":
    json.dump(asdict(attack(Orders(**json.loads(sys.argv[1])))), sys.stdout)
