"""HTTP/2 frames written by hand: what a hostile client sends, no HTTP/2 library would."""

from __future__ import annotations

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
END_STREAM, ACK, END_HEADERS = 0x1, 0x1, 0x4
HEAD = 9
"""Bytes before a frame's payload."""

_CANCEL = 8
# Names in HPACK's static table, which a literal field without indexing can point to.
_AUTHORITY, _PATH, _CONTENT_TYPE, _AUTHORIZATION = 1, 4, 31, 23
_POST, _HTTP, _HTTPS = b"\x83", b"\x86", b"\x87"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Returns one frame."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def hello() -> bytes:
    """Returns what a client says first; its window is as large as may be, so that nothing waits for it."""
    return PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 0x4, 0x7FFFFFFF))


def header_block(
    path: str, *, tls: bool = False, authorization: str | None = None, fields: tuple[tuple[bytes, bytes], ...] = ()
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


def message(stream: int, payload: bytes) -> bytes:
    """Returns the frame of a call's only message; more than 16 kB need several frames."""
    return frame(DATA, END_STREAM, stream, b"\x00" + struct.pack(">I", len(payload)) + payload)


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


def _known(index: int, value: bytes) -> bytes:
    name = bytes([index]) if index < 15 else bytes([0x0F, index - 15])
    return name + _string(value)


def _new(name: bytes, value: bytes) -> bytes:
    return b"\x00" + _string(name) + _string(value)


def _string(value: bytes) -> bytes:
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, data = len(value) - 127, bytearray([127])
    while rest >= 128:
        data.append(rest % 128 | 0x80)
        rest //= 128
    return bytes([*data, rest]) + value
