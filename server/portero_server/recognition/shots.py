"""The image of a track's face that is sent to the recognizer, and the timing of its stages."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.domain.streams.frames import Frame
from portero_server.domain.streams.messages import Timing
from portero_server.domain.tracking.track import Track
from portero_server.engines.base import FaceCrop
from portero_server.vision.analysis import FrameAnalysis


@dataclass(frozen=True, slots=True)
class Shot:
    """A face cut out of a frame.

    Attributes:
        crop: What is sent.
        frame: Where it was seen.
        look: Which found it.
        looked: When the look came back, monotonic seconds.
    """

    crop: FaceCrop
    frame: Frame
    look: FrameAnalysis
    looked: float

    @property
    def quality(self) -> float:
        """Quality of the face, 0..1."""
        return self.crop.quality.overall


def timing_of(track: Track, shot: Shot, asked: float, answered: float) -> Timing:
    """Returns the stage durations of a recognition, given when it was sent and answered (monotonic seconds)."""
    return Timing(
        capture_to_receive=shot.frame.lag,
        queue=max(0.0, shot.looked - shot.frame.received - shot.look.seconds),
        detect=shot.look.seconds,
        recognize=answered - asked,
        time_to_name=answered - track.received,
    )
