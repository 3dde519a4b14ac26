"""Notes which frames of a camera were searched for faces, and otherwise stays out of the way."""

from __future__ import annotations

from portero_server.domain.attendance.frame_notes import FrameNotes
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.recognition.frame_follower import Findings, FrameFollower
from portero_server.recognition.wrapping import WrappingFollower
from portero_server.vision.analysis import FrameAnalysis

_NOT_SEARCHED = FrameOutcome.SKIPPED
"""Damaged frames, those that came too fast, and what changed while a check-in is captured; a still frame shows that
nobody came."""


class CoverageFollower(WrappingFollower):
    """Stands before the follower of a camera. What it notes counts when the frames are settled and stored."""

    def __init__(self, inner: FrameFollower, notes: FrameNotes) -> None:
        """Creates a follower around another one, that writes into `notes`."""
        super().__init__(inner)
        self._notes = notes

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Notes a frame, and processes its analysis."""
        self._notes.note(frame.sequence, frame.captured_at, searched=look.outcome is not _NOT_SEARCHED)
        return self.inner.observe(frame, look)
