"""Limits of a delivery, the terms the server sets for a stream, and the reasons to end a session."""

from dataclasses import dataclass
from enum import Enum, auto

from portero_client.streaming.frames import Frame, Gap, ImageLimits


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Limits of one camera's delivery; times in seconds.

    Attributes:
        window_frames: Frames in memory, sent or waiting, that are not durable yet.
        window_bytes: Their bytes.
        backlog_frames: LIVE: frames that may wait for credit while a stream is open.
        max_age: LIVE: a frame that has waited longer is dropped.
        open_timeout: How long an attempt waits for Opened before it is given up.
        stale_timeout: How long the watermark may stand still before the stream is given up.
    """

    window_frames: int = 256
    window_bytes: int = 32 * 1024 * 1024
    backlog_frames: int = 8
    max_age: float = 10.0
    open_timeout: float = 10.0
    stale_timeout: float = 30.0


@dataclass(frozen=True, slots=True)
class Credit:
    """The total that may have been sent since the session opened."""

    frames: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a stream, from the server's Opened message.

    Attributes:
        session: Names the session.
        durable_sequence: Go on after it.
        credit: What may be sent before the next Ack.
        limits: The largest image that the server takes.
        heartbeat_interval: Each side sends something at least this often, seconds.
    """

    session: str
    durable_sequence: int
    credit: Credit
    limits: ImageLimits
    heartbeat_interval: float


class Sign(Enum):
    """Messages without content."""

    OPEN = auto()
    HEARTBEAT = auto()
    FINISH = auto()


Action = Sign | Frame | Gap
"""What to write to the stream next."""


class HangUp(Enum):
    """Why the client ends a session; the values are shown to operators."""

    DRAINED = "the server asked to reconnect"
    RENEWED = "the certificates were renewed"
    NOT_OPENED = "the server did not answer Open in time"
    SILENT = "the server fell silent"
    STALE = "frames were sent, but nothing became durable"
    EPOCH_UNKNOWN = "the server's durable sequence is not of this numbering"
    ACK_BEYOND_SENT = "the server acknowledged a sequence that was never sent"
    FINISHED_EARLY = "the server finished before everything was durable"
    OUT_OF_TURN = "the server broke the law of the first message"
