"""Some of what was held back is checked, seldom and for good reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.sampling import SampleReason, SamplingPlanner, SamplingPolicy, missed
from portero_server.domain.streams.frames import FrameOutcome
from tests.support.time.frame_times import time_of

_START = datetime(2026, 3, 2, 8, tzinfo=UTC)
_NEVER = 1.0


def _at(seconds: float) -> FrameTime:
    return time_of(_START + timedelta(seconds=seconds))


def test_a_share_of_the_frames_held_back_is_drawn() -> None:
    """What chance draws is checked, of unchanged, skipped and empty frames, never of others."""
    for outcome in FrameOutcome:
        net = SamplingPlanner(SamplingPolicy(share=0.01, interval=0.0))
        held = outcome in (FrameOutcome.UNCHANGED, FrameOutcome.SKIPPED, FrameOutcome.EMPTY)
        assert net.check(outcome, _at(0), followed=0, drawn=0.01) is None
        assert net.check(outcome, _at(1), followed=0, drawn=0.0099) is (SampleReason.SAMPLE if held else None)


def test_checks_keep_their_distance() -> None:
    """Two checks of a camera are a pause apart, whatever chance draws."""
    net = SamplingPlanner(SamplingPolicy(share=1.0, interval=0.0, pause=1.0))
    checked = [net.check(FrameOutcome.UNCHANGED, _at(n / 5), followed=0, drawn=0.0) is not None for n in range(11)]
    assert checked == [True, False, False, False, False, True, False, False, False, False, True]


def test_motion_without_a_face_is_checked_ever_less_often_while_nobody_is_found() -> None:
    """A tree in the wind costs calls at 5, 15, 35 seconds; a face that was missed brings the first interval back."""
    net = SamplingPlanner(SamplingPolicy(share=0.0, interval=5.0))
    times = []
    for second in range(40):
        if (reason := net.check(FrameOutcome.EMPTY, _at(second), followed=0, drawn=_NEVER)) is not None:
            times.append(second)
            net.found(reason, missed=0)
    assert times == [5, 15, 35]
    net.found(SampleReason.MOTION, missed=1)
    assert [s for s in range(40, 46) if net.check(FrameOutcome.EMPTY, _at(s), followed=0, drawn=_NEVER)] == [40, 45]


def test_motion_with_a_followed_face_or_a_still_picture_starts_over() -> None:
    """Only uninterrupted motion without any face is suspicious."""
    for followed, outcome in ((1, FrameOutcome.EMPTY), (0, FrameOutcome.UNCHANGED), (0, FrameOutcome.WITH_FACES)):
        net = SamplingPlanner(SamplingPolicy(share=0.0, interval=5.0))
        net.check(FrameOutcome.EMPTY, _at(0), followed=0, drawn=_NEVER)
        net.check(outcome, _at(3), followed=followed, drawn=_NEVER)
        assert net.check(FrameOutcome.EMPTY, _at(6), followed=0, drawn=_NEVER) is None
        assert net.check(FrameOutcome.EMPTY, _at(11), followed=0, drawn=_NEVER) is SampleReason.MOTION


def test_faces_that_are_followed_were_not_missed() -> None:
    """A face counts as missed when its center lies in no box that is followed."""
    followed = [Box(0.1, 0.1, 0.2, 0.2)]
    assert missed([Box(0.12, 0.12, 0.2, 0.2)], followed) == 0
    assert missed([Box(0.6, 0.6, 0.2, 0.2), Box(0.15, 0.1, 0.1, 0.1)], followed) == 1
    assert missed([Box(0.6, 0.6, 0.2, 0.2)], []) == 1
