"""What all sessions share."""

from __future__ import annotations

from dataclasses import dataclass, field

from portero_server.clock import Clock
from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY, ClockPolicy
from portero_server.domain.recording.quarantine import Suspects
from portero_server.domain.streams.capture_times import CaptureTimes
from portero_server.domain.streams.frames import FrameLimits
from portero_server.streaming.recorder import Recorder
from portero_server.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What all sessions share.

    Attributes:
        clock: Time.
        recorder: Writes what they find.
        metrics: Told of it.
        limits: What a frame may be.
        keep_texts: Whether texts are stored.
        capture_times: When a frame may have been captured.
        quarantine_attempts: Most pieces of a refused commit that are tried.
        suspects: Frames that ended sessions.
        clocks: What is a fault of a camera's clock.
    """

    clock: Clock
    recorder: Recorder
    metrics: Metrics
    limits: FrameLimits
    keep_texts: bool
    capture_times: CaptureTimes = field(default_factory=CaptureTimes)
    quarantine_attempts: int = 64
    suspects: Suspects = field(default_factory=Suspects)
    clocks: ClockPolicy = DEFAULT_CLOCK_POLICY
