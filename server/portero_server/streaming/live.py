"""How a camera's stream is doing at this moment, for whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from portero_server.domain.clocks.clock_watch import ClockState


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """An open stream, now.

    Attributes:
        session: Its name.
        opened_at: UTC, the server's clock.
        last_frame_at: Capture time of the last frame received, or None before the first.
        frame_rate: Frames a second over the last seconds.
        frames_received: In this session, as the next two.
        frames_rejected: Answered with FrameRejected.
        frames_missing: Reported or found missing.
        open_tracks: Faces being followed.
        watermark_lag: Sequences received but not yet durable.
        clock_state: How the bridge's clock does.
        clock_skew: Seconds by which it is ahead of the server's, or None while unknown.
    """

    session: str
    opened_at: datetime
    last_frame_at: datetime | None
    frame_rate: float
    frames_received: int
    frames_rejected: int
    frames_missing: int
    open_tracks: int
    watermark_lag: int
    clock_state: ClockState = ClockState.STEADY
    clock_skew: float | None = None


class LiveStreams(Protocol):
    """Knows the streams that are open at this server."""

    def status(self, camera_id: str) -> LiveStatus | None:
        """Returns how a camera's stream is doing; None when none is open."""
        ...
