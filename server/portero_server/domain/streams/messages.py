"""What a session says to its bridge, before it is put into protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_server.domain.detection.detections import FaceQuality, Match, Text
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.credit import Credit
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.tracking.tracks import TrackState


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open; go on after `durable_sequence`."""

    session: str
    durable_sequence: int
    credit: Credit


@dataclass(frozen=True, slots=True)
class Ack:
    """Everything up to `durable_sequence` has committed; this much may be sent."""

    durable_sequence: int
    credit: Credit


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of a decision went, seconds."""

    capture_to_receive: float
    queue: float
    detect: float
    recognize: float
    time_to_name: float


@dataclass(frozen=True, slots=True)
class NamedMatch:
    """A match with the person's display name."""

    match: Match
    display_name: str


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """News of a track, released after the commit that holds it; `sighting_id` is filled in then."""

    track_id: str
    state: TrackState
    sequence: int
    box: Box
    named: NamedMatch | None
    first_seen: datetime
    last_seen: datetime
    timing: Timing | None = None
    sighting_id: str = ""


@dataclass(frozen=True, slots=True)
class TextRead:
    """Text of a frame, released after the commit."""

    sequence: int
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame was refused."""

    sequence: int
    reason: RejectionReason
    message: str


class Advice(Enum):
    """What the picture lacks, or the camera; the names are those of the proto without the prefix."""

    TOO_DARK = "too_dark"
    MOVE_CLOSER = "move_closer"
    TOO_BLURRED = "too_blurred"
    CHECK_CLOCK = "check_clock"


def advice_for(quality: FaceQuality | None) -> Advice | None:
    """Says what would have helped a face most, when something clearly would."""
    if quality is None:
        return None
    worst, advice = min(
        (quality.brightness, Advice.TOO_DARK),
        (quality.size, Advice.MOVE_CLOSER),
        (quality.sharpness, Advice.TOO_BLURRED),
        key=lambda pair: pair[0],
    )
    return advice if worst < 0.3 else None


@dataclass(frozen=True, slots=True)
class Directive:
    """A wish to the bridge, or to the person before the camera."""

    advice: Advice


@dataclass(frozen=True, slots=True)
class Drain:
    """Please reconnect before the deadline."""

    deadline: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Nothing was said for a while: a sign of life."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything is durable; the account of the session."""

    durable_sequence: int
    outcomes: Mapping[FrameOutcome, int]
    recognitions: int


Message = Opened | Ack | TrackUpdate | TextRead | Rejected | Directive | Drain | Heartbeat | Finished
