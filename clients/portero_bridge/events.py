"""The events of a camera of the bridge: those of its stream, of its source, and of its tasks."""

from dataclasses import dataclass
from datetime import datetime

from portero_client.streaming.events import StreamEvent


@dataclass(frozen=True, slots=True)
class SourceUp:
    """The source delivers images."""

    camera: str


@dataclass(frozen=True, slots=True)
class SourceDown:
    """The source delivers no images; it is retried after `retry_in` seconds."""

    camera: str
    reason: str
    retry_in: float


@dataclass(frozen=True, slots=True)
class SourceStuck:
    """The camera sends, but has shown the same picture for long; or, with `stuck` False, it shows others again."""

    camera: str
    stuck: bool


@dataclass(frozen=True, slots=True)
class ImageSkipped:
    """An image of a recording, or a payload of a camera, cannot be used; the next follows. `reason` names it."""

    camera: str
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingDated:
    """A recording began at `start`, UTC; `by` tells in words what says so."""

    camera: str
    start: datetime
    by: str


@dataclass(frozen=True, slots=True)
class CameraFailed:
    """A camera's tasks ended with an error; they are restarted unless the source is to be sent once.

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


BridgeEvent = StreamEvent | SourceUp | SourceDown | SourceStuck | ImageSkipped | RecordingDated | CameraFailed
