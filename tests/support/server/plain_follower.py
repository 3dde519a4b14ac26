"""A follower of frames that remembers what it was asked, and frames without a picture."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from portero_server.domain.cameras import Lane
from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.gate.cadence import Due, When
from portero_server.domain.recording.sightings import TrackDecided
from portero_server.domain.streams.frames import Frame
from portero_server.recognition.frame_follower import NOTHING_FOUND, Findings, FrameFollower, Rules
from portero_server.vision.analysis import FrameAnalysis

_GAP = timedelta(minutes=1)
EVERY = Due(look=True, thorough=False)


def frame_taken(sequence: int, taken_at: datetime) -> Frame:
    """Returns a frame of a stream, of which only number and time matter."""
    seconds = taken_at.timestamp()
    return Frame(sequence, taken_at, b"", 96, 96, seconds, 0.0, FrameTime(0, seconds, seconds, seconds))


class PlainFollower(FrameFollower):
    """Finds nothing, and says the same of everything; `asked` has each call by name, with its argument."""

    def __init__(self, *, reads_text: bool = False) -> None:
        self.reads_text = reads_text
        self.rules = Rules("scripted", MatchPolicy(0.5, 0.1), Lane.ATTENDANCE, visit_gap=_GAP)
        self.asked: list[tuple[str, object]] = []

    @property
    def when(self) -> When:
        """Returns that every frame is to be looked at."""
        return lambda captured: EVERY

    @property
    def busy(self) -> bool:
        """Returns that something is open."""
        return True

    @property
    def people(self) -> set[str]:
        """Returns the one whose name is held."""
        return {"ana"}

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Remembers the frame."""
        return self._asked("observe", frame.sequence)

    def tick(self, now: float) -> Findings:
        """Remembers the moment."""
        return self._asked("tick", now)

    def leave_all(self) -> Findings:
        """Remembers the end."""
        return self._asked("leave_all", None)

    def miss_all(self) -> Findings:
        """Remembers the silence."""
        return self._asked("miss_all", None)

    def forget(self, people: Collection[str]) -> Findings:
        """Remembers whom to forget."""
        return self._asked("forget", tuple(people))

    def rename(self, late: TrackDecided) -> bool:
        """Remembers the late name."""
        self._asked("rename", late.track_id)
        return True

    def take_over(self, earlier: FrameFollower, durable: int) -> None:
        """Remembers from whom it took over."""
        self._asked("take_over", earlier)

    def _asked(self, name: str, argument: object) -> Findings:
        self.asked.append((name, argument))
        return NOTHING_FOUND
