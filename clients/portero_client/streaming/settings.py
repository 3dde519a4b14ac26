"""How one camera is streamed. Times are in seconds."""

from dataclasses import dataclass, field
from pathlib import Path

from portero_client.backoff import Backoff
from portero_client.errors import InvalidArgument
from portero_client.names import CAMERAS
from portero_client.streaming.delivery.terms import DeliveryLimits
from portero_client.streaming.frames import DeliveryMode
from portero_client.streaming.spool.spool import SpoolLimits

AGENT = "portero-client/0.1.0"
"""What a program that embeds the SDK calls itself."""


@dataclass(frozen=True, slots=True)
class StreamTuning:
    """What rarely has to be changed about a stream.

    Attributes:
        limits: Bounds of what is held in memory, and how long a session may be silent.
        spool_limits: Bounds of the spool.
        spool_retry: Between looks at whether a spool whose disk failed works again.
        stop_timeout: Longest wait for the server when the stream is ended.
        reconnect: Delays between attempts to open a session.
    """

    limits: DeliveryLimits = field(default_factory=DeliveryLimits)
    spool_limits: SpoolLimits = field(default_factory=SpoolLimits)
    spool_retry: float = 30.0
    stop_timeout: float = 5.0
    reconnect: Backoff = field(default_factory=lambda: Backoff(first=0.1, cap=2.0))


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """One camera's stream.

    Attributes:
        camera: Name, without "cameras/".
        agent: What the client calls itself to the server, with its version.
        mode: What happens to frames that the server cannot take at once.
        spool: The file that holds LOSSLESS frames until they are durable; None: memory does.
        spool_required: Whether the stream fails if its spool cannot be opened at the start, instead of going on in
            memory.
        source_waits: Whether the source can wait while the spool is full; if not, the spool's policy decides.
        plays_once: Whether the frames are a recording whose beginning must not be repeated when the spool fails.
        register: Whether a camera that the server does not know is created.
        patience: Give up after so many seconds without an open session, and at once if the server refuses. None never
            gives up; `math.inf` gives up only if the server refuses.
        tuning: The rest.
    """

    camera: str
    agent: str
    mode: DeliveryMode = DeliveryMode.LIVE
    spool: Path | None = None
    spool_required: bool = False
    source_waits: bool = True
    plays_once: bool = False
    register: bool = True
    patience: float | None = None
    tuning: StreamTuning = field(default_factory=StreamTuning)


def stream_settings(
    camera: str,
    mode: DeliveryMode,
    spool: Path | None,
    *,
    register: bool,
    patience: float,
    tuning: StreamTuning | None,
) -> StreamSettings:
    """Returns the settings of a stream whose pictures come from a program.

    Raises:
        InvalidArgument: The camera's name is malformed, or a spool is named for LIVE.
    """
    if spool is not None and mode is DeliveryMode.LIVE:
        raise InvalidArgument(
            "a spool holds every picture, and LIVE drops them: use mode=DeliveryMode.LOSSLESS",
            field="spool",
            reason="SPOOL_WITHOUT_LOSSLESS",
        )
    return StreamSettings(
        camera=CAMERAS.identifier(camera),
        agent=AGENT,
        mode=mode,
        spool=spool,
        spool_required=True,
        register=register,
        patience=patience,
        tuning=tuning or StreamTuning(),
    )
