"""What a camera's stream tells its owner: frozen values, without any type of the wire."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero_client.detections import Box, Match, Text


@dataclass(frozen=True, slots=True)
class SourceUp:
    """The source gives images."""

    camera: str


@dataclass(frozen=True, slots=True)
class SourceDown:
    """The source gives no images; it is tried again after `retry_in` seconds."""

    camera: str
    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class CameraRegistered:
    """The server did not know the camera, and it was created."""

    camera: str


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A session is open; frames go on after `durable_sequence` of the epoch."""

    camera: str
    session: str
    epoch: str
    durable_sequence: int


@dataclass(frozen=True, slots=True)
class StreamClosed:
    """A session ended otherwise than by Finished; the next is tried after `retry_in` seconds."""

    camera: str
    reason: str
    retry_in: float
    durable_sequence: int


@dataclass(frozen=True, slots=True)
class EpochBegun:
    """A new numbering began, because the server's and the bridge's did not agree."""

    camera: str
    epoch: str


@dataclass(frozen=True, slots=True)
class SpoolSetAside:
    """The camera's spool was damaged; it was renamed, and a new one begun."""

    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpoolFailed:
    """Frames are being lost because the spool's disk fails; told once per spell of failures."""

    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class SpoolBack:
    """The spool's disk takes frames again; they outlive the bridge as before."""

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


@dataclass(frozen=True, slots=True)
class TrackUpdated:
    """News of a face being followed.

    Attributes:
        camera: Which camera.
        track: Names the track at its camera.
        state: What happened to it.
        sequence: The frame that the news is from.
        box: Where the face was in it.
        match: Who it is; None while undecided or unknown.
        sighting: Resource name of the stored sighting, or empty.
        first_seen: When the track began, UTC.
        last_seen: When the face was last seen, UTC.
        time_to_name: From receipt of the track's first frame to the decision, seconds, where known.
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


@dataclass(frozen=True, slots=True)
class TextsRead:
    """Text read from a frame."""

    camera: str
    sequence: int
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """The server refused a frame: `reason` is for programs, `message` for people."""

    camera: str
    sequence: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Directed:
    """The server wishes for something; None means as before. Rate and size are obeyed already."""

    camera: str
    max_rate: float | None
    max_side: int | None
    pause: float | None
    advice: str | None


@dataclass(frozen=True, slots=True)
class StreamAccount:
    """What became of the frames of the last session; every frame is in exactly one of the first eight."""

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


@dataclass(frozen=True, slots=True)
class CameraFailed:
    """A camera's tasks ended with an error; unless it is wanted once, they are started again.

    Attributes:
        camera: Which camera.
        reason: What happened, in one line.
        trace: Where, for the bridge's author; empty when the error was foreseen.
        retry_in: Seconds; infinite when the camera is not started again.
    """

    camera: str
    reason: str
    trace: str
    retry_in: float


BridgeEvent = (
    SourceUp
    | SourceDown
    | CameraRegistered
    | StreamOpened
    | StreamClosed
    | EpochBegun
    | SpoolSetAside
    | SpoolFailed
    | SpoolBack
    | Acknowledged
    | TrackUpdated
    | TextsRead
    | FrameRefused
    | Directed
    | StreamFinished
    | CameraFailed
)
