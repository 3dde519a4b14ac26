"""A camera whose faces a tracker follows, at five frames a second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.tracking.following import Observation
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from tests.support.time.frame_times import time_of

START = datetime(2026, 1, 1, tzinfo=UTC)


class TrackedCamera:
    """Feeds a tracker frames at five a second.

    Attributes:
        tracker: Which follows the faces.
        sequence: Of the last frame; 0 before the first.
    """

    def __init__(self, policy: TrackPolicy) -> None:
        """Creates a camera that has shown nothing."""
        self.tracker = Tracker("door.e1", policy)
        self.sequence = 0

    @property
    def now(self) -> float:
        """Seconds since the start, at the last frame."""
        return self.sequence / 5

    @property
    def time(self) -> FrameTime:
        """When the last frame was taken."""
        return time_of(self._captured)

    @property
    def _captured(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def show(self, *faces: FoundFace, thorough: bool = False, share: float = 0.0) -> Observation:
        """Shows the next frame, which is searched."""
        self.sequence += 1
        return self.tracker.observe(
            self.sequence, self._captured, self.now, self.time, faces, thorough=thorough, share=share
        )

    def still(self) -> tuple[Track, ...]:
        """Shows the next frame, in which nothing changed."""
        self.sequence += 1
        return self.tracker.still(self.sequence, self._captured, self.time)
