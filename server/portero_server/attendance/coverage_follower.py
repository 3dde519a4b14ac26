"""Notes which frames of a camera were searched for faces, and otherwise stays out of the way."""

from __future__ import annotations

from collections.abc import Callable

from portero_server.domain.attendance.frame_notes import FrameNotes
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.recognition.frame_follower import Findings, FrameFollower
from portero_server.recognition.wrapping import WrappingFollower
from portero_server.vision.analysis import FrameAnalysis

_NOT_SEARCHED = FrameOutcome.SKIPPED
"""Damaged frames, those that came too fast, and what changed while a check-in is captured; a still frame shows that
nobody came."""


class CoverageFollower(WrappingFollower):
    """Stands before the follower of a camera. What it notes counts when the frames are settled and stored."""

    def __init__(
        self, inner: FrameFollower, notes: FrameNotes, look: Callable[[], None], view: Callable[[], ViewState]
    ) -> None:
        """Creates a follower around another one.

        Args:
            inner: Does what the camera is there for.
            notes: What it writes into.
            look: Looks at the stream as it is now; called with its first frame and at its end, since a late upload may
                take less time than a round of the recorder.
            view: Returns what the camera sees of what it should.
        """
        super().__init__(inner)
        self._notes = notes
        self._look = look
        self._view = view
        self._begun = False

    @property
    def view(self) -> ViewState:
        """What the camera sees of what it should."""
        return self._view()

    def observe(self, frame: Frame, look: FrameAnalysis) -> Findings:
        """Notes a frame, and processes its analysis."""
        if not self._begun:
            self._begun = True
            self._look()
        searched = look.outcome is not _NOT_SEARCHED
        self._notes.note(frame.sequence, frame.captured_at, searched=searched, glimpse=look.glimpse)
        return self.inner.observe(frame, look)

    def leave_all(self) -> Findings:
        """Looks at the stream once more, and ends all tracks because it ends."""
        self._look()
        return self.inner.leave_all()
