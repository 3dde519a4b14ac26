"""Somebody unknown is told with what was wrong, if anything was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality, FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.following import show
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.reasons import UnknownReason, defect_of, reason_of
from portero_server.domain.tracking.track import Track, TrackPhase
from tests.support.model.tracked_camera import START
from tests.support.time.frame_times import time_of

_POLICY = TrackPolicy()
_CLEAR = FaceQuality(0.8, 0.9, 0.7, 1.0)
_INSIDE = Box(0.4, 0.4, 0.1, 0.1)


def _asked(quality: FaceQuality = _CLEAR, box: Box = _INSIDE) -> Track:
    """Returns a decided track that one answer knew nobody for."""
    track = Track("t", 1, START, 0.0, 1, START, time_of(START), box)
    track.phase, track.calls, track.answers = TrackPhase.DECIDED, 1, 1
    show(track, FoundFace(box, 0.9, quality), thorough=True)
    return track


def test_a_clear_face_that_nobody_knows_is_not_enrolled() -> None:
    """Nothing is wrong with the pictures of a stranger who was seen well."""
    assert reason_of(_asked(), _POLICY) is UnknownReason.NOT_ENROLLED


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (replace(_CLEAR, size=0.2), UnknownReason.TOO_SMALL),
        (replace(_CLEAR, frontality=0.1), UnknownReason.TURNED_AWAY),
        (replace(_CLEAR, sharpness=0.1), UnknownReason.BLURRED),
        (replace(_CLEAR, brightness=0.1), UnknownReason.BAD_LIGHT),
        (FaceQuality(0.3, 0.1, 0.2, 0.3), UnknownReason.TURNED_AWAY),
    ],
)
def test_the_worst_defect_of_the_best_view_is_the_reason(quality: FaceQuality, reason: UnknownReason) -> None:
    """What spoils the face's best view most is told."""
    assert reason_of(_asked(quality), _POLICY) is reason


def test_a_better_view_makes_the_defect_of_an_earlier_one_irrelevant() -> None:
    """Only the best view counts: whoever was seen turned away and then clearly is not enrolled."""
    track = _asked(replace(_CLEAR, frontality=0.1), Box(-0.05, 0.4, 0.1, 0.1))
    assert reason_of(track, _POLICY) is UnknownReason.CUT_OFF
    show(track, FoundFace(_INSIDE, 0.9, _CLEAR), thorough=True)
    assert reason_of(track, _POLICY) is UnknownReason.NOT_ENROLLED


def test_a_face_that_the_engine_did_not_see_is_hidden() -> None:
    """When every answer is that there is no face, it is covered; one that saw it says otherwise."""
    track = _asked()
    track.faceless = 1
    assert reason_of(track, _POLICY) is UnknownReason.HIDDEN
    track.calls = track.answers = 2
    assert reason_of(track, _POLICY) is UnknownReason.NOT_ENROLLED


def test_a_face_without_an_answer_says_so() -> None:
    """A clear face that nobody was asked about is not said to be a stranger's."""
    track = _asked()
    track.calls = track.answers = 0
    assert reason_of(track, _POLICY) is UnknownReason.NO_ANSWER


def test_a_face_that_was_never_worth_a_call_has_a_defect() -> None:
    """Even if each score is above the limit, the worst of a shot that was never sent is the reason."""
    track = _asked(FaceQuality(0.36, 0.37, 0.37, 0.37))
    track.calls = track.answers = 0
    assert reason_of(track, _POLICY) is UnknownReason.TOO_SMALL


def test_a_provisional_name_that_nothing_confirmed_is_the_reason() -> None:
    """Whoever resembles somebody too little is told as unconfirmed, and once named as nothing."""
    track = _asked()
    track.evidence = Evidence(Match("ana", 0.46, 0.3), 0.01, 1)
    assert reason_of(track, _POLICY) is UnknownReason.UNCONFIRMED
    track.match = Match("ana", 0.6, 0.3)
    assert reason_of(track, _POLICY) is None


def test_what_is_no_face_of_its_own_has_no_reason() -> None:
    """A false alarm, and a candidate that was an earlier face, are nobody unknown; nor is an unseen, resumed track."""
    for phase in (TrackPhase.DISMISSED, TrackPhase.REJOINED):
        track = _asked()
        track.phase = phase
        assert reason_of(track, _POLICY) is None
    track = _asked()
    track.best_quality = None
    assert reason_of(track, _POLICY) is None


@given(st.builds(FaceQuality, *[st.floats(0.0, 1.0)] * 4), st.floats(0.0, 1.0))
def test_a_defect_is_a_score_below_the_limit(quality: FaceQuality, least: float) -> None:
    """There is a defect exactly when some score is below the limit."""
    scores = (quality.size, quality.frontality, quality.sharpness, quality.brightness)
    assert (defect_of(quality, least) is None) == (min(scores) >= least)


def test_a_face_between_two_look_alikes_says_so() -> None:
    """The last answer was torn between two people: that is the reason, whatever else is wrong with the picture."""
    track = _asked(replace(_CLEAR, size=0.2))
    track.torn = True
    assert reason_of(track, _POLICY) is UnknownReason.LOOK_ALIKES
    track.evidence = Evidence(Match("ana", 0.5, 0.1), 0.0, 1)
    assert reason_of(track, _POLICY) is UnknownReason.UNCONFIRMED
