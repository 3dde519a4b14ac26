"""The dependencies that all sessions share, and the state of a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from portero_server.clock import Clock
from portero_server.domain.cameras import Camera
from portero_server.domain.clocks.camera_clock import DEFAULT_CLOCK_POLICY, ClockPolicy
from portero_server.domain.recording.sightings import StreamRow
from portero_server.domain.recording.suspects import Suspects
from portero_server.domain.streams.credit import CreditPolicy
from portero_server.domain.streams.frames import FrameLimits
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.streaming.commits import Commits
from portero_server.streaming.intake import Intake, IntakeRules
from portero_server.streaming.recorder import Recorder
from portero_server.streaming.state import StreamState
from portero_server.streaming.steering import UNSTEERED, Steering
from portero_server.streaming.stream_clock import CaptureTimes, Moment, StreamClock
from portero_server.telemetry.metrics import Metrics
from portero_server.vision.jpeg import HeaderCheck


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
        steering: What bridges are asked for.
        capture: Puts the capture of check-ins before the follower of a camera; None: there are no check-ins.
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
    steering: Steering = UNSTEERED
    capture: Callable[[str, FrameFollower], FrameFollower] | None = None

    def now(self) -> Moment:
        """Returns the time by both clocks."""
        return Moment(self.clock.monotonic(), self.clock.now())

    def state(
        self, row: StreamRow, camera: Camera, follower: FrameFollower, timing: StreamClock, credit: CreditPolicy
    ) -> StreamState:
        """Creates the state of a stream that continues where it is durable, with the tracks of its follower."""
        rules = IntakeRules(HeaderCheck(self.limits).check, self.capture_times, self.suspects.refused(row.stream_id))
        tracks = None if follower.reads_text else follower.tracks
        intake = Intake(row.durable_sequence, camera, rules, timing, credit, self.clock.monotonic())
        return StreamState(row, intake, Commits(row, tracks, keep_texts=self.keep_texts))
