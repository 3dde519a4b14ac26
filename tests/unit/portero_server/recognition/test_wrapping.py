"""What stands before a follower passes everything on."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.recognition.wrapping import WrappingFollower
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.plain_follower import EVERY, PlainFollower, frame_taken
from tests.support.store.commits import at, decided


def test_everything_is_passed_on() -> None:
    """Each question and each piece of news reaches the inner follower, with its argument."""
    inner = PlainFollower(reads_text=True)
    outer = WrappingFollower(inner)
    outer.observe(frame_taken(7, at(0)), FrameAnalysis(FrameOutcome.EMPTY))
    outer.tick(5.0)
    outer.leave_all()
    outer.miss_all()
    outer.forget(["ana"])
    assert outer.rename(decided("t1", "ana", 0))
    assert inner.asked == [
        ("observe", 7),
        ("tick", 5.0),
        ("leave_all", None),
        ("miss_all", None),
        ("forget", ("ana",)),
        ("rename", "t1"),
    ]
    assert (outer.reads_text, outer.busy, outer.people, outer.tracks) == (True, True, {"ana"}, ())
    assert outer.view is ViewState.UNSPECIFIED
    assert outer.when(None) == EVERY  # type: ignore[arg-type]  # it asks for nothing of the frame
    outer.rules = replace(outer.rules, engine="other")
    assert inner.rules.engine == "other"


def test_the_inner_follower_takes_over_from_an_inner_one() -> None:
    """What stood before the earlier follower does not matter; a follower alone is passed on as it is."""
    inner, earlier = PlainFollower(), PlainFollower()
    WrappingFollower(inner).take_over(WrappingFollower(earlier), 3)
    WrappingFollower(inner).take_over(earlier, 3)
    assert inner.asked == [("take_over", earlier)] * 2
