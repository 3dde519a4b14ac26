"""The records on the pipe between a capture process and the bridge."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

# Kind, length of the payload, capture time in microseconds.
HEADER = struct.Struct("!BIQ")
MAX_PAYLOAD = 16 * 1024 * 1024
"""Longer payloads are not the work of our own process."""
MAX_SIDE = 16_384
"""No camera is larger; what the server takes is applied in the bridge, which the server tells."""

_UNIX_START = datetime(1970, 1, 1, tzinfo=UTC)


class RecordKind(IntEnum):
    """The kind of a record."""

    IMAGE = 1
    FAULT = 2
    """There are no more pictures; the payload is the reason."""
    UNOPENED = 3
    """The source does not open; the payload is the reason, empty if the child does not know it."""


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """The job of a capture process, sent as JSON on its standard input; arguments would be visible to all users.

    Attributes:
        target: URL, path, or device number.
        rate: Images a second, or None for all.
        max_side: Longest side, pixels, or None.
        quality: JPEG quality.
        open_timeout: Seconds to connect.
        read_timeout: Seconds to wait for an image.
        transport: How RTSP pictures come: tcp or udp.
    """

    target: str | int
    rate: float | None
    max_side: int | None
    quality: int
    open_timeout: float
    read_timeout: float
    transport: str = "tcp"


def pack(kind: RecordKind, capture_time: datetime, payload: bytes) -> bytes:
    """Returns the bytes of a record."""
    return HEADER.pack(kind, len(payload), (capture_time - _UNIX_START) // timedelta(microseconds=1)) + payload


def unpack_header(header: bytes) -> tuple[RecordKind, int, datetime]:
    """Parses a record's header: kind, length of the payload, capture time.

    Raises:
        ValueError: It is not a header.
    """
    kind, length, taken = HEADER.unpack(header)
    if length > MAX_PAYLOAD:
        raise ValueError(f"a record of {length} bytes, more than {MAX_PAYLOAD}")
    return RecordKind(kind), length, _UNIX_START + timedelta(microseconds=taken)
