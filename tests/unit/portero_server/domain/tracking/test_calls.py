"""The engine is asked sparingly, with good shots, and again when no answer came."""

from __future__ import annotations

from portero_server.domain.detection.detections import FaceQuality, FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track
from tests.support.model.tracked_camera import START, TrackedCamera
from tests.support.time.frame_times import time_of

_POLICY = TrackPolicy()


def _face(left: float, top: float = 0.3, size: float = 0.1, quality: float = 1.0) -> FoundFace:
    return FoundFace(Box(left, top, size, size), 0.9, FaceQuality(quality, 1.0, 1.0, 1.0))


class _Camera(TrackedCamera):
    def __init__(self) -> None:
        super().__init__(_POLICY)


def test_a_good_shot_is_sent_at_once_and_a_middling_one_after_patience() -> None:
    """The first good enough shot goes out immediately; otherwise the best one does when patience ends."""
    tracker = _Camera().tracker
    track = Track("t", 1, START, 10.0, 1, START, time_of(START), Box(0, 0, 1, 1))
    assert tracker.calls.wants_call(track, _POLICY.good_quality, 10.0)
    middling = (_POLICY.good_quality + _POLICY.poor_quality) / 2
    assert not tracker.calls.wants_call(track, middling, 10.0)
    assert tracker.calls.wants_call(track, middling, 10.0 + _POLICY.patience)
    assert not tracker.calls.wants_call(track, _POLICY.poor_quality / 2, 20.0)


def test_a_face_at_the_edge_is_sent_after_patience() -> None:
    """However good a shot is, a face that reaches the edge of the picture waits for the whole of it to be seen."""
    calls = _Camera().tracker.calls
    track = Track("t", 1, START, 10.0, 1, START, time_of(START), Box(0, 0, 1, 1))
    assert not calls.wants_call(track, 1.0, 10.0, at_edge=True)
    assert calls.wants_call(track, 1.0, 10.0 + _POLICY.patience, at_edge=True)


def test_a_second_call_needs_a_clearly_better_shot_and_a_fourth_is_never_made() -> None:
    """Calls after the first need better_by times the quality, and there are max_calls at most."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    quality = 0.3
    for _ in range(_POLICY.max_calls):
        assert camera.tracker.calls.wants_call(track, quality, 0.0)
        camera.tracker.calls.call(track, quality, 0.0)
        assert not camera.tracker.calls.wants_call(track, 1.0, 0.0)
        camera.tracker.answer(track, None)
        assert not camera.tracker.calls.wants_call(track, quality * 1.1, 0.0)
        quality *= _POLICY.better_by
    assert not camera.tracker.calls.wants_call(track, 1.0, 9.0)
    assert camera.tracker.exhausted(track)


def test_a_named_track_is_never_asked_about_again() -> None:
    """Once named, no shot is good enough for another call."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    camera.tracker.calls.call(track, 0.3, 0.0)
    assert camera.tracker.answer(track, Match("ana", 0.7, 0.2)) == (track,)
    assert not camera.tracker.calls.wants_call(track, 1.0, 9.0)


def test_calls_without_an_answer_do_not_count_but_are_repeated_ever_less_often() -> None:
    """A failed call is repeated after a pause that doubles up to the longest, as long as the face is there."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    now = 0.0
    pauses = []
    for _ in range(8):
        assert camera.tracker.calls.wants_call(track, 0.5, now)
        camera.tracker.calls.call(track, 0.5, 0.0)
        camera.tracker.calls.fail(track, now)
        assert not camera.tracker.calls.wants_call(track, 0.5, now)
        pauses.append(round(track.retry_at - now, 6))
        now = track.retry_at
    assert pauses == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 2.0]
    assert not camera.tracker.exhausted(track)
    assert track.calls == 0


def test_a_call_is_answered_in_time_for_the_decision_or_for_its_revision() -> None:
    """A call has as long as a decision may take, whenever it goes out: a late answer revises the decision."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    assert camera.tracker.calls.answer_by(track, track.received) == track.received + 2.0
    assert camera.tracker.calls.answer_by(track, track.received + 1.5) == track.received + 3.5
    assert camera.tracker.calls.answer_by(track, track.received + 60.0) == track.received + 62.0


def test_an_answer_waits_for_a_name_for_half_of_what_is_left() -> None:
    """No look-up of a name outlasts the decision deadline of an answered track; late answers wait for half of one."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    track.received = 10.0
    assert camera.tracker.calls.name_by(track, 10.0) == 11.0
    assert camera.tracker.calls.name_by(track, 11.5) == 11.75
    assert camera.tracker.calls.name_by(track, 12.5) == 12.5
    camera.tracker.overdue(12.5)
    assert track.decided
    assert camera.tracker.calls.name_by(track, 13.0) == 14.0


def test_a_provisional_name_is_confirmed_by_as_good_a_shot_or_after_patience_by_any() -> None:
    """A second shot need not be better; a poorer one waits for patience, and a bad one is never sent."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    camera.tracker.calls.call(track, 0.3, 1.0)
    camera.tracker.answer(track, None, Evidence(Match("ana", 0.46, 0.3), 0.01, 1))
    wants = camera.tracker.calls.wants_call
    assert wants(track, 0.3, 1.1)
    assert not wants(track, 0.2, 1.0 + _POLICY.patience / 2)
    assert wants(track, 0.2, 1.0 + _POLICY.patience)
    assert wants(track, 0.2, camera.tracker.calls.impatient(track, 1.1))
    assert not wants(track, _POLICY.poor_quality / 2, 9.0)


def test_no_more_calls_are_made_for_a_provisional_name_than_for_none() -> None:
    """A face that only ever resembles somebody is a stranger after max_calls."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    for number in range(_POLICY.max_calls):
        assert camera.tracker.calls.wants_call(track, 0.3, number)
        camera.tracker.calls.call(track, 0.3, number)
        camera.tracker.answer(track, None, Evidence(Match("ana", 0.46, 0.3), 0.01, 1))
    assert not camera.tracker.calls.wants_call(track, 1.0, 9.0)
    assert camera.tracker.exhausted(track)
    assert not camera.tracker.false_alarm(track)
