"""HTTP/2 by hand (RFC 9113 and 7541): frames that no gRPC library would send, and a connection of them."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
HEAD = 9
"""Bytes before a frame's payload."""

_INITIAL_WINDOW_SIZE = 0x4
_LARGEST_WINDOW = 2**31 - 1
_CONNECTION_WINDOW = 2**30
_LARGEST_PAYLOAD = 16_384
_CANCEL = 8
_CONNECT_SECONDS = 5.0
# Names in HPACK's static table, which a literal field without indexing can point to.
_AUTHORITY, _PATH, _CONTENT_TYPE, _AUTHORIZATION = 1, 4, 31, 23
_POST, _HTTP, _HTTPS = b"\x83", b"\x86", b"\x87"

Header = tuple[bytes, bytes]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Returns one frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def hello(window: int = _LARGEST_WINDOW) -> bytes:
    """Returns what a client says first: each stream takes `window` bytes, all of them together a gibibyte."""
    settings = frame(SETTINGS, 0, 0, struct.pack(">HI", _INITIAL_WINDOW_SIZE, window))
    return PREFACE + settings + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", _CONNECTION_WINDOW))


def header_block(
    path: str, *, tls: bool = False, authorization: str | None = None, fields: Sequence[Header] = ()
) -> bytes:
    """Returns the HPACK block of a gRPC call, of literals only: it is the same on every connection."""
    block = _POST + (_HTTPS if tls else _HTTP)
    block += _known(_PATH, path.encode()) + _known(_AUTHORITY, b"localhost")
    block += _known(_CONTENT_TYPE, b"application/grpc") + _new(b"te", b"trailers")
    if authorization is not None:
        block += _known(_AUTHORIZATION, authorization.encode())
    return block + b"".join(_new(name, value) for name, value in fields)


def opened(stream: int, block: bytes) -> bytes:
    """Returns the frame that begins a call whose message is still to come."""
    return frame(HEADERS, END_HEADERS, stream, block)


def message(stream: int, payload: bytes, *, last: bool = True) -> bytes:
    """Returns the frames of one message of a call, each of the size that every server takes."""
    whole = b"\x00" + struct.pack(">I", len(payload)) + payload
    pieces = [whole[at : at + _LARGEST_PAYLOAD] for at in range(0, len(whole), _LARGEST_PAYLOAD)]
    ends = [0] * (len(pieces) - 1) + [END_STREAM if last else 0]
    return b"".join(frame(DATA, flags, stream, piece) for flags, piece in zip(ends, pieces, strict=True))


def reset(stream: int) -> bytes:
    """Returns the frame that cancels a call."""
    return frame(RST_STREAM, 0, stream, struct.pack(">I", _CANCEL))


def begun_and_reset(first: int, count: int, block: bytes) -> bytes:
    """Returns so many calls, each canceled as soon as it began, on every second stream from `first` on."""
    one = opened(0, block) + reset(0)
    data = bytearray(one * count)
    at_headers, at_reset = 5, HEAD + len(block) + 5
    for number in range(count):
        stream = struct.pack(">I", first + 2 * number)
        start = number * len(one)
        data[start + at_headers : start + at_headers + 4] = stream
        data[start + at_reset : start + at_reset + 4] = stream
    return bytes(data)


def answered(kind: int, flags: int, payload: bytes) -> bytes:
    """Returns what a client owes the server for a frame: the acknowledgment of SETTINGS or PING, or nothing."""
    if kind not in (SETTINGS, PING) or flags & ACK:
        return b""
    return frame(kind, ACK, 0, payload if kind == PING else b"")


def ends_stream(kind: int, flags: int) -> bool:
    """Returns whether a frame of the server ends its stream."""
    return kind == RST_STREAM or (kind in (HEADERS, DATA) and bool(flags & END_STREAM))


class RawConnection:
    """A connection whose owner decides what is sent; what the server asks of every client is answered.

    Attributes:
        begun: How many calls were begun.
        open_calls: Streams that neither side has ended.
        ended: Streams that the server ended.
        received: All that came in headers, unread.
        closing: Set when the server asked to leave, or left.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speaks over an open connection."""
        self.begun = 0
        self.open_calls: set[int] = set()
        self.ended: set[int] = set()
        self.received = bytearray()
        self.closing = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Event()

    def begin(self, path: str, *fields: Header, message: bytes | None = None) -> int:
        """Begins a call and returns its stream; without a message it is left silent."""
        stream = 2 * self.begun + 1
        self.begun += 1
        self.open_calls.add(stream)
        self._send(opened(stream, header_block(path, fields=fields)))
        if message is not None:
            self.message(stream, message)
        return stream

    def message(self, stream: int, payload: bytes, *, last: bool = True) -> None:
        """Sends a message of a call."""
        self._send(message(stream, payload, last=last))

    def reset(self, stream: int) -> None:
        """Cancels a call."""
        self.open_calls.discard(stream)
        self._send(reset(stream))

    async def until_ended(self, streams: Sequence[int]) -> None:
        """Waits until the server has ended these calls, or the connection."""
        while not self.ended.issuperset(streams) and not self.closing.is_set():
            self._news.clear()
            await self._news.wait()

    async def drain(self) -> None:
        """Waits until the server has read enough.

        Raises:
            OSError: It has hung up.
        """
        await self._writer.drain()

    def _send(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    async def _read(self) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = await self._reader.readexactly(HEAD)
                    kind, flags, stream = head[3], head[4], int.from_bytes(head[5:])
                    payload = await self._reader.readexactly(int.from_bytes(head[:3]))
                    if kind == HEADERS:
                        self.received += payload
                    if ends_stream(kind, flags):
                        self.open_calls.discard(stream)
                        self.ended.add(stream)
                    elif kind == GOAWAY:
                        self.closing.set()
                    elif answer := answered(kind, flags, payload):
                        self._send(answer)
                    self._news.set()
        finally:
            self.closing.set()
            self._news.set()


@asynccontextmanager
async def raw_connection(address: str, window: int = _LARGEST_WINDOW) -> AsyncIterator[RawConnection]:
    """Opens a connection to HOST:PORT, whose streams take `window` bytes, and closes it afterward.

    Raises:
        OSError: Nobody answers.
    """
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(_CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(host, int(port))
    connection = RawConnection(reader, writer)
    connection._send(hello(window))
    reading = asyncio.create_task(connection._read())
    try:
        yield connection
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        writer.transport.abort()


def _known(index: int, value: bytes) -> bytes:
    name = bytes([index]) if index < 15 else bytes([0x0F, index - 15])
    return name + _string(value)


def _new(name: bytes, value: bytes) -> bytes:
    return b"\x00" + _string(name) + _string(value)


def _string(value: bytes) -> bytes:
    """Returns a string without Huffman codes, its length as a number with a prefix of seven bits."""
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, data = len(value) - 127, bytearray([127])
    while rest >= 128:
        data.append(rest % 128 | 0x80)
        rest //= 128
    return bytes([*data, rest]) + value
