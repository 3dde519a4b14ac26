"""Messages from a session to its bridge, before conversion to protobuf."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import FaceQuality, Match, Text
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.credit import Credit
from portero_server.domain.streams.frames import FrameOutcome, RejectionReason
from portero_server.domain.tracking.reasons import UnknownReason
from portero_server.domain.tracking.track import TrackState


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream is open; the bridge resumes after `durable_sequence`."""

    session: str
    durable_sequence: int
    credit: Credit


class Ack(NamedTuple):
    """Everything up to `durable_sequence` is committed; the credit says how much may be sent.

    A tuple, because one is made with each commit of a stream.
    """

    durable_sequence: int
    credit: Credit


@dataclass(frozen=True, slots=True)
class Timing:
    """Duration of each stage of a decision, seconds."""

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
    """A change of a track, sent after the commit that stores it; `sighting_id` is set then.

    Attributes:
        named: Who it is; None while undecided, or if nobody.
        replaced: Whether it is closed since another person was found in its place.
        provisional: Who it seems to be, while that is not enough to name it.
        reason: Why a decided track is nobody.
        visitor_id: Of a stranger who is known again, from the update on that follows the decision; None: nobody's.
    """

    track_id: str
    state: TrackState
    sequence: int
    box: Box
    named: NamedMatch | None
    first_seen: datetime
    last_seen: datetime
    timing: Timing | None = None
    sighting_id: str = ""
    replaced: bool = False
    provisional: NamedMatch | None = None
    reason: UnknownReason | None = None
    visitor_id: str | None = None


@dataclass(frozen=True, slots=True)
class TextRead:
    """Text of a frame, sent after its commit."""

    sequence: int
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A frame was refused."""

    sequence: int
    reason: RejectionReason
    message: str


class Advice(Enum):
    """What would improve the pictures, or the camera; the names are those of the proto without the prefix."""

    TOO_DARK = "too_dark"
    MOVE_CLOSER = "move_closer"
    TOO_BLURRED = "too_blurred"
    CHECK_CLOCK = "check_clock"
    SHOW_CARD = "show_card"
    CARD_CLOSER = "card_closer"
    CARD_TILTED = "card_tilted"
    CARD_GLARE = "card_glare"
    CARD_STILL = "card_still"
    TURN_CARD_OVER = "turn_card_over"
    LOOK_AT_CAMERA = "look_at_camera"
    FACE_CLOSER = "face_closer"
    ONE_PERSON = "one_person"


def advice_for(quality: FaceQuality | None) -> Advice | None:
    """Returns the advice that would help most with a face, or None if no defect stands out."""
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
    """Asks the bridge, or the person in front of the camera, for something; what is None stays as it is.

    Attributes:
        advice: For the person, or whoever looks after the camera.
        max_rate: Highest rate wanted, frames a second.
        max_side: Longest side wanted, pixels.
        pause: Seconds for which no frames are wanted; 0 ends a pause.
    """

    advice: Advice | None = None
    max_rate: float | None = None
    max_side: int | None = None
    pause: float | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it asks for, in the words of the metrics."""
        asked = {"max_rate": self.max_rate, "max_side": self.max_side, "pause": self.pause}
        kinds = tuple(kind for kind, value in asked.items() if value is not None)
        return kinds if self.advice is None else (*kinds, self.advice.value)


@dataclass(frozen=True, slots=True)
class Drain:
    """Asks the bridge to reconnect before the deadline."""

    deadline: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Shows that the stream is alive when no other message was sent for a while."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything is durable; carries the totals of the session."""

    durable_sequence: int
    outcomes: Mapping[FrameOutcome, int]
    recognitions: int


Message = Opened | Ack | TrackUpdate | TextRead | Rejected | Directive | Drain | Heartbeat | Finished
