"""The dependencies that all sessions share."""

from __future__ import annotations

from dataclasses import dataclass, field

from portero_server.clock import Clock
from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY, ClockPolicy
from portero_server.domain.recording.suspects import Suspects
from portero_server.domain.streams.capture_times import CaptureTimes
from portero_server.domain.streams.frames import FrameLimits
from portero_server.streaming.recorder import Recorder
from portero_server.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class SessionParts:
    """The dependencies that all sessions share.

    Attributes:
        clock: The server's clock.
        recorder: Commits their findings.
        metrics: Counts frames and decisions.
        limits: Limits on the size and shape of a frame.
        keep_texts: Whether texts are stored.
        capture_times: Bounds on capture times.
        quarantine_attempts: Most pieces of a refused commit that are tried.
        suspects: Frames whose findings ended sessions before.
        clocks: Thresholds for faults of a camera's clock.
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
