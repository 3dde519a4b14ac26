"""A face is doubted where somebody else could be in its place, and a comparison settles it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.doubts import Doubt, Surroundings, Verdict, covered, doubt_of, verdict_of
from portero_server.domain.tracking.policy import IdentityPolicy
from portero_server.domain.tracking.track import Track
from tests.support.time.frame_times import time_of

_START = datetime(2026, 1, 1, tzinfo=UTC)
_POLICY = IdentityPolicy()
_LIGHT, _DARK = (0.6, 0.8), (0.8, -0.6)


def _at(seconds: float) -> FrameTime:
    return time_of(_START + timedelta(seconds=seconds))


def _face(left: float = 0.4, size: float = 0.1, patch: tuple[float, ...] = _LIGHT) -> FoundFace:
    return FoundFace(Box(left, 0.3, size, size), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0), patch)


def _track(**changes: object) -> Track:
    track = Track("t", 1, _START, 0.0, 1, _START, _at(0.0), _face().box, patch=_LIGHT, verified=_at(0.0))
    return replace(track, **changes)  # type: ignore[arg-type]


def _around(seconds: float = 0.4, share: float = 0.1, moved: Sequence[Box] = ()) -> Surroundings:
    return Surroundings(_at(seconds), share, moved, 0.25)


def test_a_face_that_goes_on_as_it_was_is_not_doubted() -> None:
    """The same place, size and looks, a moment later, raise no doubt."""
    assert doubt_of(_track(), _face(0.41), _around(), _POLICY, crowded=False) is None


@pytest.mark.parametrize(
    ("track", "face", "around", "crowded", "doubt"),
    [
        (_track(missed=True), _face(), _around(), False, Doubt.RETURN),
        (_track(), _face(), _around(seconds=1.2), False, Doubt.PAUSE),
        (_track(), _face(0.52), _around(), False, Doubt.JUMP),
        (_track(), _face(0.4, 0.14), _around(), False, Doubt.JUMP),
        (_track(), _face(), _around(), True, Doubt.CROWD),
        (_track(), _face(), _around(moved=[_face(0.55).box]), False, Doubt.COMPANY),
        (_track(), _face(), _around(share=0.6), False, Doubt.SCENE),
        (_track(), _face(patch=_DARK), _around(), False, Doubt.LIKENESS),
        (_track(verified=_at(-6.0)), _face(), _around(), False, Doubt.ROUTINE),
    ],
    ids=["return", "pause", "jump", "size", "crowd", "company", "scene", "likeness", "routine"],
)
def test_what_could_bring_somebody_else_is_a_doubt(
    track: Track, face: FoundFace, around: Surroundings, crowded: bool, doubt: Doubt
) -> None:
    """Each way in which another person can get into a track's place has its own reason."""
    assert doubt_of(track, face, around, _POLICY, crowded=crowded) is doubt


def test_who_comes_far_away_raises_no_doubt() -> None:
    """A newcomer across the picture does not make anybody doubtful."""
    assert doubt_of(_track(), _face(), _around(moved=[_face(0.8).box]), _POLICY, crowded=False) is None


def test_routine_can_be_turned_off() -> None:
    """With `every` 0 a face that stays is never compared for that reason."""
    policy = replace(_POLICY, every=0.0)
    assert doubt_of(_track(verified=_at(-600.0)), _face(), _around(), policy, crowded=False) is None


def test_of_two_faces_that_touch_either_may_be_covered() -> None:
    """Heads side by side are farther apart than that; whoever stands away from both is clear."""
    assert covered([_face(0.4), _face(0.52), _face(0.7)], _POLICY) == {0, 1}
    assert covered([_face(0.4), _face(0.53)], _POLICY) == frozenset()
    assert covered([_face(0.4)], _POLICY) == frozenset()


def test_a_face_that_reaches_over_the_edge_may_be_anybodys() -> None:
    """What of a face is outside of the picture is as hidden as what another face covers."""
    assert covered([_face(-0.03), _face(0.4)], _POLICY) == {0}


def test_a_near_face_is_the_same_and_a_far_one_another() -> None:
    """One good shot settles both."""
    assert verdict_of({"t": 0.3}, 0.5, 0, _POLICY) == (Verdict.SAME, "t")
    assert verdict_of({"t": 0.8}, 0.5, 0, _POLICY) == (Verdict.DIFFERENT, "t")


def test_between_the_two_a_second_shot_is_wanted() -> None:
    """A face that may be the same needs two shots that say so; one that is poor may not say that it is another."""
    assert verdict_of({"t": 0.57}, 0.5, 0, _POLICY)[0] is Verdict.UNSURE
    assert verdict_of({"t": 0.57}, 0.5, 1, _POLICY)[0] is Verdict.SAME
    assert verdict_of({"t": 0.8}, 0.06, 0, _POLICY)[0] is Verdict.UNSURE
    assert verdict_of({"t": 0.8}, 0.06, 1, _POLICY)[0] is Verdict.DIFFERENT


def test_two_tracks_that_are_alike_are_not_chosen_between() -> None:
    """A face that is as near to one as to another is neither's, once no attempt is left."""
    alike = {"t": 0.40, "u": 0.42}
    assert verdict_of(alike, 0.5, 0, _POLICY)[0] is Verdict.UNSURE
    assert verdict_of(alike, 0.5, _POLICY.attempts - 1, _POLICY)[0] is Verdict.DIFFERENT


def test_nobody_to_compare_with_is_somebody_else() -> None:
    """Without a face to compare with, a candidate is a person of their own."""
    assert verdict_of({}, 1.0, 0, _POLICY) == (Verdict.DIFFERENT, "")


@given(st.dictionaries(st.text(max_size=3), st.floats(0.0, 1.4), max_size=4), st.floats(0.0, 1.0))
def test_a_verdict_comes_within_the_attempts(distances: dict[str, float], quality: float) -> None:
    """Whatever the distances are, the last attempt settles it, and nobody is the same beyond the limit."""
    verdict, nearest = verdict_of(distances, quality, _POLICY.attempts - 1, _POLICY)
    assert verdict is not Verdict.UNSURE
    if verdict is Verdict.SAME:
        assert distances[nearest] <= _POLICY.perhaps
        assert distances[nearest] == min(distances.values())
