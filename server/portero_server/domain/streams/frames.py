"""Frames, their limits, and their possible outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.geometry import Box


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Limits on one frame. The defaults keep a decoder's memory under 50 MB.

    Attributes:
        max_bytes: Largest JPEG file, bytes. 5 MiB is Rekognition's limit for inline images.
        min_side: Shortest side, pixels. 80 is Rekognition's limit.
        max_side: Longest side, pixels.
        max_pixels: Width times height.
        max_scans: Most scans of a progressive file; each costs a pass over the picture.
    """

    max_bytes: int = 5 * 1024 * 1024
    min_side: int = 80
    max_side: int = 4096
    max_pixels: int = 12_000_000
    max_scans: int = 16


LAST_SEQUENCE = 2**63 - 1
"""What a database keeps in a signed column; a camera at 1,000 frames a second needs 292 million years for it."""


class RejectionReason(Enum):
    """Why a frame was refused; the names are those of the proto without the prefix."""

    EMPTY = "empty"
    NOT_JPEG = "not_jpeg"
    TRUNCATED = "truncated"
    TOO_MANY_BYTES = "too_many_bytes"
    BAD_DIMENSIONS = "bad_dimensions"
    UNSUPPORTED_CODING = "unsupported_coding"
    SEQUENCE_BACKWARDS = "sequence_backwards"
    NO_CREDIT = "no_credit"
    UNDECODABLE = "undecodable"
    BAD_CAPTURE_TIME = "bad_capture_time"
    INTERNAL = "internal"
    RATE_LIMITED = "rate_limited"
    STORE_REFUSED = "store_refused"
    SEQUENCE_TOO_LARGE = "sequence_too_large"


class FrameRefused(Exception):
    """A frame that cannot be accepted; it is answered in-band and never ends a stream."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class GapReason(Enum):
    """Why frames are missing; the names are those of the proto without the prefix."""

    NO_CREDIT = "no_credit"
    DISCONNECTED = "disconnected"
    SPOOL_FULL = "spool_full"
    SPOOL_FAILED = "spool_failed"
    OVERSIZED = "oversized"
    UNEXPLAINED = "unexplained"


class FrameOutcome(Enum):
    """The final outcome of a sequence; every sequence ends in exactly one."""

    # They are counted with every frame, and Enum's own hash is computed in Python. There is one object of each.
    __hash__ = object.__hash__

    REPLAYED = "replayed"
    REJECTED = "rejected"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    EMPTY = "empty"
    WITH_FACES = "with_faces"


class Frame(NamedTuple):
    """One encoded image of a stream.

    A tuple, because one is created per frame and a tuple takes a third of the time of a dataclass.

    Attributes:
        sequence: Position in the epoch's numbering, from 1.
        captured_at: What is stored: the bridge's clock, or the time of arrival if the camera's is not believed. UTC.
        jpeg: The whole file, header-checked.
        width: Pixels.
        height: Pixels.
        received: Server's monotonic seconds when it came in.
        lag: Seconds from capture to receipt, by both clocks; may be negative under skew.
        time: What frames of the stream are compared by; capture times alone may go back.
        zones: The camera's privacy zones, blacked out by the code that decodes the frame.
    """

    sequence: int
    captured_at: datetime
    jpeg: bytes
    width: int
    height: int
    received: float
    lag: float
    time: FrameTime
    zones: tuple[Box, ...] = ()
