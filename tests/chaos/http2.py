"""The least of HTTP/2 that it takes to be a bad client of gRPC: frames by hand, headers without compression."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Iterable
from types import TracebackType
from typing import Self

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING, _GOAWAY, _WINDOW_UPDATE = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8
_ACK = END_STREAM = 0x1
_END_HEADERS = 0x4
_CANCEL = 0x8
_CONNECT_SECONDS = 5.0
_HEAD = 9
_WINDOW = 2**30

Header = tuple[bytes, bytes]


class Connection:
    """One connection, whose owner decides what is sent; what the server asks of every client is answered.

    Attributes:
        open_calls: Streams that neither side has ended.
        begun: How many there were.
        closed: Set when the server has closed the connection, or said that it will.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_calls: set[int] = set()
        self.begun = 0
        self.closed = asyncio.Event()
        self._changed = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._next = 1
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connects to a port of this machine, and to nothing else.

        Raises:
            OSError: Nobody answers.
        """
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        connection = cls(reader, writer)
        writer.write(_PREFACE)
        connection._send(_SETTINGS, 0, 0, b"")
        connection._send(_WINDOW_UPDATE, 0, 0, struct.pack(">I", _WINDOW))
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.transport.abort()

    def call(self, path: str, extra: Iterable[Header] = ()) -> int:
        """Begins a call and sends no message; returns its stream."""
        stream, self._next = self._next, self._next + 2
        self.open_calls.add(stream)
        self.begun += 1
        headers: list[Header] = [
            (b":method", b"POST"),
            (b":scheme", b"http"),
            (b":path", path.encode()),
            (b":authority", b"localhost"),
            (b"te", b"trailers"),
            (b"content-type", b"application/grpc"),
            *extra,
        ]
        self._send(_HEADERS, _END_HEADERS, stream, b"".join(_literal(name, value) for name, value in headers))
        return stream

    def message(self, stream: int, data: bytes, *, last: bool = True) -> None:
        """Sends a message of a call, in frames of the size that every server takes."""
        whole = b"\0" + struct.pack(">I", len(data)) + data
        pieces = [whole[at : at + 16_384] for at in range(0, len(whole), 16_384)]
        for number, piece in enumerate(pieces):
            ends = last and number == len(pieces) - 1
            self._send(_DATA, END_STREAM if ends else 0, stream, piece)

    def reset(self, stream: int) -> None:
        """Gives a call up."""
        self.open_calls.discard(stream)
        self._send(_RST_STREAM, 0, stream, struct.pack(">I", _CANCEL))

    async def ending(self, stream: int, seconds: float) -> None:
        """Waits until a call or the connection has ended, or so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while stream in self.open_calls and not self.closed.is_set():
                    self._changed.clear()
                    await self._changed.wait()

    async def drain(self) -> None:
        """Waits until the server has read enough.

        Raises:
            OSError: It has hung up.
        """
        await self._writer.drain()

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        head = struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream)
        if not self._writer.is_closing():
            self._writer.write(head + payload)

    async def _read(self) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = await self._reader.readexactly(_HEAD)
                    kind, flags = head[3], head[4]
                    payload = await self._reader.readexactly(int.from_bytes(head[:3]))
                    if kind == _SETTINGS and not flags & _ACK:
                        self._send(_SETTINGS, _ACK, 0, b"")
                    elif kind == _PING and not flags & _ACK:
                        self._send(_PING, _ACK, 0, payload)
                    elif kind == _RST_STREAM or (kind in (_HEADERS, _DATA) and flags & END_STREAM):
                        self.open_calls.discard(int.from_bytes(head[5:]))
                    elif kind == _GOAWAY:
                        self.closed.set()
                    self._changed.set()
        finally:
            self.closed.set()
            self._changed.set()


def _literal(name: bytes, value: bytes) -> bytes:
    """Returns a header that is never indexed, with name and value as they are."""
    return b"\x10" + _text(name) + _text(value)


def _text(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(value: int) -> bytes:
    """Returns a number as HPACK writes it, with a prefix of seven bits."""
    if value < 127:
        return bytes((value,))
    value -= 127
    out = bytearray((127,))
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)
