"""What stands before the follower of a camera, and passes everything on to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.gate.cadence import When
from portero_server.domain.recording.sightings import TrackDecided
from portero_server.domain.streams.frames import Frame
from portero_server.domain.tracking.track import Track
from portero_server.recognition.frame_follower import Findings, FrameFollower, Rules
from portero_server.vision.analysis import FrameAnalysis


class WrappingFollower(FrameFollower):
    """Passes everything on to another follower, `inner`; a subclass changes what it stands there for."""

    def __init__(self, inner: FrameFollower) -> None:
        self.inner = inner
        # Asked before each frame.
        self.reads_text = inner.reads_text

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Processes the analysis of a frame."""
        return self.inner.observe(frame, look)

    @property
    def when(self) -> When:
        """Returns which of the waiting frames to analyze."""
        return self.inner.when

    @property
    def rules(self) -> Rules:
        """The inner follower's decision settings."""
        return self.inner.rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self.inner.rules = rules

    @property
    def busy(self) -> bool:
        """Whether any decision of the inner follower is still open."""
        return self.inner.busy

    @property
    def tracks(self) -> Sequence[Track]:
        """Tracks being followed, oldest first."""
        return self.inner.tracks

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people whose names are held."""
        return self.inner.people

    @property
    def view(self) -> ViewState:
        """What the camera sees of what it should."""
        return self.inner.view

    def tick(self, now: float) -> Findings:
        """Handles patience, deadlines and silence at `now` (monotonic seconds)."""
        return self.inner.tick(now)

    def leave_all(self) -> Findings:
        """Ends all tracks because the stream ends."""
        return self.inner.leave_all()

    def miss_all(self) -> Findings:
        """Reports all decided tracks as left, since no frames arrive."""
        return self.inner.miss_all()

    def forget(self, people: Collection[str]) -> Findings:
        """Removes the names of people who may no longer be named."""
        return self.inner.forget(people)

    def rename(self, late: TrackDecided) -> bool:
        """Names a track as an earlier session decided too late. Returns whether the track is followed."""
        return self.inner.rename(late)

    def take_over(self, earlier: FrameFollower, durable: int) -> None:
        """Takes over the calls that the end of an earlier session left without an answer."""
        self.inner.take_over(earlier.inner if isinstance(earlier, type(self)) else earlier, durable)
