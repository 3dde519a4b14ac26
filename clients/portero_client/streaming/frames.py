"""The entries of a stream: numbered frames, and the gaps between them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


class DeliveryMode(StrEnum):
    """What happens to frames that the server cannot take at once."""

    LIVE = "live"
    """Fresh frames matter: the oldest waiting frame is dropped, and a Gap says so."""

    LOSSLESS = "lossless"
    """Every frame matters: the source waits, or frames go through the spool."""


class GapReason(IntEnum):
    """Why frames will never be sent; the numbers are those of the wire."""

    NO_CREDIT = 1
    DISCONNECTED = 2
    SPOOL_FULL = 3
    SPOOL_FAILED = 4
    OVERSIZED = 5


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """The largest image that a server takes.

    Attributes:
        max_bytes: Bytes of a JPEG file.
        max_side: Longest side, pixels.
        max_pixels: Width times height.
    """

    max_bytes: int = 5 * 1024 * 1024
    max_side: int = 4096
    max_pixels: int = 12_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded image, numbered within its epoch.

    Attributes:
        sequence: Position in the epoch; the first frame is 1, each next one is one more.
        capture_time: When the image was taken, UTC.
        jpeg: A whole JPEG file.
    """

    sequence: int
    capture_time: datetime
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames `first_sequence` to `last_sequence`, inclusive, that will never be sent."""

    first_sequence: int
    last_sequence: int
    reason: GapReason

    def __len__(self) -> int:
        return self.last_sequence - self.first_sequence + 1


Entry = Frame | Gap
"""An entry of a stream."""


def first_sequence(entry: Entry) -> int:
    """Returns the first sequence that the entry covers."""
    return entry.sequence if isinstance(entry, Frame) else entry.first_sequence


def last_sequence(entry: Entry) -> int:
    """Returns the last sequence that the entry covers."""
    return entry.sequence if isinstance(entry, Frame) else entry.last_sequence
