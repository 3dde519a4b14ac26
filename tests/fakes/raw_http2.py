"""HTTP/2 by hand: what no gRPC library would send."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
_INITIAL_WINDOW_SIZE = 0x4
_END_STREAM, _END_HEADERS, _ACK = 0x1, 0x4, 0x1

Header = tuple[bytes, bytes]


class RawConnection:
    """A connection on which calls are begun, and may be left at that."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speaks over an open connection."""
        self._reader = reader
        self._writer = writer
        self._next = 1
        self.received = b""
        """All that came in headers, unread."""
        self.ended: set[int] = set()
        """Streams that the server ended."""
        self.closing = asyncio.Event()
        """Set when the server asked to leave, or left."""
        self._news = asyncio.Event()

    async def begin(self, path: str, *more: Header, message: bytes | None = None) -> int:
        """Begins a call and returns its stream; without a message it is left silent."""
        stream, self._next = self._next, self._next + 2
        headers = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", b"localhost"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            *more,
        ]
        self._frame(_HEADERS, _END_HEADERS, stream, _literal(headers))
        if message is not None:
            self._frame(_DATA, _END_STREAM, stream, struct.pack(">BI", 0, len(message)) + message)
        await self._writer.drain()
        return stream

    async def until_ended(self, streams: Sequence[int]) -> None:
        """Waits until the server has ended these streams, or the connection."""
        while not self.ended.issuperset(streams) and not self.closing.is_set():
            self._news.clear()
            await self._news.wait()

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        self._writer.write(struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream))
        self._writer.write(payload)

    async def _serve(self) -> None:
        try:
            while True:
                head = await self._reader.readexactly(9)
                size, kind, flags = int.from_bytes(head[:3]), head[3], head[4]
                stream = int.from_bytes(head[5:9])
                payload = await self._reader.readexactly(size)
                if kind == _HEADERS:
                    self.received += payload
                if kind == _RST_STREAM or (kind in (_HEADERS, _DATA) and flags & _END_STREAM):
                    self.ended.add(stream)
                elif kind == _SETTINGS and not flags & _ACK:
                    self._frame(_SETTINGS, _ACK, 0)
                elif kind == _PING and not flags & _ACK:
                    self._frame(_PING, _ACK, 0, payload)
                elif kind == _GOAWAY:
                    self.closing.set()
                self._news.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.closing.set()
            self._news.set()


@asynccontextmanager
async def raw_connection(address: str, window: int = 65_535) -> AsyncIterator[RawConnection]:
    """Opens a connection to HOST:PORT, whose streams take `window` bytes, and closes it afterwards."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    connection = RawConnection(reader, writer)
    writer.write(_PREFACE)
    connection._frame(_SETTINGS, 0, 0, struct.pack(">HI", _INITIAL_WINDOW_SIZE, window))
    serving = asyncio.create_task(connection._serve())
    try:
        yield connection
    finally:
        serving.cancel()
        writer.close()


def _literal(headers: Sequence[Header]) -> bytes:
    """Returns a header block of literals without indexing and without Huffman codes (RFC 7541, 6.2.2)."""
    return b"".join(b"\x00" + _string(name) + _string(value) for name, value in headers)


def _string(text: bytes) -> bytes:
    length = len(text)
    if length < 127:
        return bytes([length]) + text
    rest, encoded = length - 127, bytearray([127])
    while rest >= 128:
        encoded.append(rest % 128 + 128)
        rest //= 128
    return bytes([*encoded, rest]) + text
