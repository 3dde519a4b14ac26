"""Frames are noted on their way."""

from __future__ import annotations

from portero_server.attendance.coverage_follower import CoverageFollower
from portero_server.domain.attendance.frame_notes import FrameNotes, SettledLook
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.vision.analysis import FrameAnalysis
from tests.support.attendance.views import COVERED
from tests.support.server.plain_follower import PlainFollower, frame_taken
from tests.support.store.commits import at


def test_still_frames_count_and_skipped_ones_do_not() -> None:
    """A frame in which nothing changed shows that nobody came; one that was passed over shows nothing."""
    notes, inner = FrameNotes(), PlainFollower()
    looked: list[str] = []
    follower = CoverageFollower(inner, notes, lambda: looked.append("at the stream"), lambda: ViewState.DARK)
    for sequence, outcome in enumerate(
        (FrameOutcome.EMPTY, FrameOutcome.UNCHANGED, FrameOutcome.DUPLICATE, FrameOutcome.WITH_FACES), start=1
    ):
        follower.observe(frame_taken(sequence, at(sequence)), FrameAnalysis(outcome))
    follower.observe(frame_taken(5, at(5)), FrameAnalysis(FrameOutcome.SKIPPED))
    assert follower.view is ViewState.DARK
    seen, _, _ = notes.settled(5)
    assert seen[-1].end == at(4)
    assert seen[0] == TimeSpan(at(1), seen[0].end)
    assert (len(inner.asked), len(looked)) == (5, 1)
    follower.leave_all()
    assert (inner.asked[-1], len(looked)) == (("leave_all", None), 2)


def test_the_view_is_noted_with_the_frame() -> None:
    """Also of a frame that was not searched."""
    notes = FrameNotes()
    follower = CoverageFollower(PlainFollower(), notes, lambda: None, lambda: ViewState.UNSPECIFIED)
    for sequence in (1, 2):
        follower.observe(frame_taken(sequence, at(sequence)), FrameAnalysis(FrameOutcome.SKIPPED, glimpse=COVERED))
    assert notes.settled(2).looks == [SettledLook(TimeSpan(at(1), at(2)), COVERED)]
