"""The events of a camera's stream: frozen values without protobuf types."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero_client.detections import Box, Match, Text
from portero_client.streaming.frames import ImageLimits


@dataclass(frozen=True, slots=True)
class CameraRegistered:
    """The server did not know the camera, and it was created."""

    camera: str


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A session is open.

    Attributes:
        camera: Which camera.
        session: Names the session.
        epoch: Names the numbering of the frames.
        durable_sequence: The stream resumes after this frame of the epoch.
        limits: The largest image that the server takes.
    """

    camera: str
    session: str
    epoch: str
    durable_sequence: int
    limits: ImageLimits


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """A session ended other than by Finished; the next attempt follows after `retry_in` seconds."""

    camera: str
    reason: str
    retry_in: float
    durable_sequence: int


@dataclass(frozen=True, slots=True)
class EpochBegun:
    """A new numbering started, because the server's and the client's did not match."""

    camera: str
    epoch: str


@dataclass(frozen=True, slots=True)
class SpoolSetAside:
    """The camera's spool was damaged; it was renamed, and a new one was created."""

    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpoolFailed:
    """Frames are being lost because the spool's disk fails; sent once per series of failures."""

    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpoolBack:
    """The spool's disk works again."""

    camera: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Everything up to `durable_sequence` is durable at the server."""

    camera: str
    durable_sequence: int


class TrackState(StrEnum):
    """Life of a track."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    REVISED = "revised"
    CLOSED = "closed"
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True)
class TrackUpdated:
    """A change of a track.

    Attributes:
        camera: Which camera.
        track: Names the track at its camera.
        state: What happened to it.
        sequence: The frame that caused the change.
        box: Where the face was in it.
        match: Who it is; None while undecided or unknown, and while that is provisional.
        sighting: Resource name of the stored sighting, or empty.
        first_seen: When the track began, UTC.
        last_seen: When the face was last seen, UTC.
        time_to_name: From receipt of the track's first frame to the decision, seconds, where known.
        replaced: Whether it is closed because another face was found in its place.
        provisional: Whom it resembles, as long as that is not enough to name it; nothing is stored under this name.
        unknown_reason: Why a decided track is nobody's ("not_enrolled", "unconfirmed", "no_answer", "hidden",
            "too_small", "turned_away", "blurred", "bad_light", "cut_off" or "look_alikes"), or empty.
        visitor: Of a stranger who is known again, "visitors/{visitor}", or empty.
    """

    camera: str
    track: str
    state: TrackState
    sequence: int
    box: Box
    match: Match | None
    sighting: str
    first_seen: datetime
    last_seen: datetime
    time_to_name: float | None
    replaced: bool = False
    provisional: Match | None = None
    unknown_reason: str = ""
    visitor: str = ""


@dataclass(frozen=True, slots=True)
class TextsRead:
    """Text read from a frame."""

    camera: str
    sequence: int
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """The server refused a frame: `reason` is for programs, `message` for operators."""

    camera: str
    sequence: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Directed:
    """The server asks for something; None means as before. Rate and pause are applied automatically."""

    camera: str
    max_rate: float | None
    max_side: int | None
    pause: float | None
    advice: str | None


@dataclass(frozen=True, slots=True)
class StreamAccount:
    """The totals of the last session; every frame is counted in exactly one of the first eight fields."""

    replayed: int
    rejected: int
    missing: int
    duplicate: int
    unchanged: int
    skipped: int
    empty: int
    with_faces: int
    recognitions: int


@dataclass(frozen=True, slots=True)
class StreamFinished:
    """The stream was finished and everything is durable."""

    camera: str
    durable_sequence: int
    account: StreamAccount


StreamResult = TrackUpdated | TextsRead | FrameRefused | Directed
"""What the server says about the pictures of a camera."""

StreamEvent = (
    StreamResult
    | CameraRegistered
    | StreamOpened
    | StreamClosed
    | EpochBegun
    | SpoolSetAside
    | SpoolFailed
    | SpoolBack
    | Acknowledged
    | StreamFinished
)
"""Everything that happens to a camera's stream."""
