"""A hostile client, in a process of its own: bounded in rate and time, and given an address on this machine only.

    python -m tests.benchmarks.hostile.attacker ORDERS

ORDERS is JSON, the attributes of `Orders`. Prints what it did as JSON.
"""

from __future__ import annotations

import io
import ipaddress
import json
import select
import socket
import ssl
import struct
import sys
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

import grpc
from portero.v1 import recognition_service_pb2, recognition_service_pb2_grpc

from tests.benchmarks.hostile import frames

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
    """What was done: connections opened, those the server closed or refused, calls begun, bytes sent and received."""

    connected: int = 0
    closed: int = 0
    refused: int = 0
    calls: int = 0
    sent: int = 0
    received: int = 0


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
        self._unsent = bytearray(frames.hello())
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
        while len(self._unread) >= start + frames.HEAD:
            length = int.from_bytes(self._unread[start : start + 3])
            end = start + frames.HEAD + length
            if len(self._unread) < end:
                break
            kind, flags = self._unread[start + 3], self._unread[start + 4]
            if kind in (frames.SETTINGS, frames.PING) and not flags & frames.ACK:
                payload = bytes(self._unread[start + frames.HEAD : end]) if kind == frames.PING else b""
                self._unsent += frames.frame(kind, frames.ACK, 0, payload)
            start = end
        del self._unread[:start]


def _resets(path: str, key: str = "") -> Callable[[Orders], Kind]:
    def kind(orders: Orders) -> Kind:
        shown = f"Bearer {orders.key}" if key else None
        block = frames.header_block(path, tls=orders.tls, authorization=shown)
        return Kind(lambda first, count: frames.begun_and_reset(first, count, block))

    return kind


def _each(make: Callable[[int], bytes], **options: int) -> Kind:
    return Kind(lambda first, count: b"".join(make(first + 2 * number) for number in range(count)), **options)


def _silent(path: str, *, shows_key: bool = False) -> Callable[[Orders], Kind]:
    def kind(orders: Orders) -> Kind:
        shown = f"Bearer {orders.key}" if shows_key else None
        block = frames.header_block(path, tls=orders.tls, authorization=shown)
        return _each(lambda stream: frames.opened(stream, block), most=4096)

    return kind


def _watch(orders: Orders) -> Kind:
    block = frames.header_block(_WATCH, tls=orders.tls)
    return _each(lambda stream: frames.opened(stream, block) + frames.message(stream, b""), most=4096)


def _metadata(orders: Orders) -> Kind:
    fields = ((b"x-note", b"\xff\xfe\xc3\x28"),)
    block = frames.header_block(_CHECK, tls=orders.tls, authorization="Bearer ptk_not_a_key_of_anybody", fields=fields)
    return _each(lambda stream: frames.opened(stream, block) + frames.message(stream, b""))


def _pings(orders: Orders) -> Kind:
    return Kind(lambda first, count: frames.frame(frames.PING, 0, 0, struct.pack(">Q", first)) * count)


def _settings(orders: Orders) -> Kind:
    return Kind(lambda first, count: frames.frame(frames.SETTINGS, 0, 0, struct.pack(">HI", 0x4, 65_535)) * count)


BOMB = "bomb"
"""The one kind besides: an image that inflates to gigabytes, shown with a key."""

KINDS: dict[str, Callable[[Orders], Kind]] = {
    "silent-check": _silent(_CHECK),
    "watch": _watch,
    "silent-call": _silent("/portero.v1.CameraService/GetCamera", shows_key=True),
    "reset-open": _resets(_CHECK),
    "reset-closed": _resets("/portero.v1.CameraService/GetCamera"),
    "reset-unknown": _resets("/portero.v1.CameraService/NoSuchMethod"),
    "reset-key": _resets("/portero.v1.CameraService/GetCamera", key="shown"),
    "metadata": _metadata,
    "pings": _pings,
    "settings": _settings,
}
"""The ways to be a burden, by name."""


def inflating_png(inflated: int = 4 * 1024**3) -> bytes:
    """Returns a PNG of 64 x 64 pixels whose data inflates to gigabytes: 4 MB of deflated zeros, made in a moment."""
    step = 1024 * 1024
    compressor = zlib.compressobj(9)
    head = compressor.compress(bytes(step)) + compressor.flush(zlib.Z_FULL_FLUSH)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(step)) + compressor.flush(zlib.Z_FULL_FLUSH)
    data = io.BytesIO()
    data.write(b"\x89PNG\r\n\x1a\n")
    data.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)))
    data.write(_chunk(b"IDAT", head + block * (inflated // step - 1)))
    data.write(_chunk(b"IEND", b""))
    return data.getvalue()


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
    done = Done()
    connections: list[_Connection] = []
    began = time.monotonic()
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
    for connection in connections:
        connection.socket.close()
    return done


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _bombs(orders: Orders) -> Done:
    """Shows one image that inflates to gigabytes after the other; flow control makes this a job for a library."""
    done = Done()
    request = recognition_service_pb2.RecognizeImageRequest(image=inflating_png())
    metadata = (("authorization", f"Bearer {orders.key}"),)
    options = [("grpc.use_local_subchannel_pool", 1)]
    until = time.monotonic() + orders.seconds
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
    return done


if __name__ == "__main__":
    json.dump(asdict(attack(Orders(**json.loads(sys.argv[1])))), sys.stdout)
