"""What a stream remembers of the faces it follows, frame by frame."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portero_server.domain.detection.detections import FaceQuality, FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.recording.resuming import MOST_TRACKS, ResumePoints, revived_tracks
from portero_server.domain.tracking.doubts import Doubt
from portero_server.domain.tracking.evidence import Evidence
from portero_server.domain.tracking.following import Observation
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from tests.support.time.frame_times import time_of

_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_COMPARES = TrackPolicy(identity=IdentityPolicy())


def _face(left: float) -> FoundFace:
    return FoundFace(Box(left, 0.3, 0.03, 0.04), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))


def _followed(tracker: Tracker, points: ResumePoints, sequence: int, *lefts: float, share: float = 0.0) -> Observation:
    """Lets a tracker look at a frame, five a second."""
    captured = _START + timedelta(seconds=sequence / 5)
    faces = [_face(left) for left in lefts]
    observation = tracker.observe(sequence, captured, 100.0 + sequence / 5, time_of(captured), faces, share=share)
    points.note(sequence, tracker.tracks)
    return observation


def test_tracks_are_as_they_were_at_the_watermark() -> None:
    """A watermark behind the last frame gives the box and times of its own frame, with the decision of today."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    _followed(tracker, points, 2, 0.11)
    _followed(tracker, points, 3, 0.12)
    (track,) = tracker.tracks
    tracker.answer(track, Match("ana", 0.9, 0.4))
    (then,) = points.at(2)
    assert (then.last_sequence, then.box.left, then.hits) == (2, 0.11, 2)
    assert then.match == track.match
    (now,) = points.at(7)
    assert now.last_sequence == 3


def test_undecided_tracks_are_not_remembered() -> None:
    """They hold the watermark back, so that their frames come again."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    assert points.at(1) == ()


def test_a_track_that_ended_beyond_the_watermark_is_remembered() -> None:
    """The frames in which it was still there come again, and must not begin a second one."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (track,) = tracker.tracks
    tracker.decide(track)
    _followed(tracker, points, 2)
    tracker.leave(track)
    tracker.close(track)
    _followed(tracker, points, 3)
    assert [each.track_id for each in points.at(2)] == [track.track_id]
    assert points.at(3) == ()


def test_a_false_alarm_is_not_remembered_where_it_was_still_followed() -> None:
    """A track that the deadline dismissed was never reported, so no session goes on with it."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (track,) = tracker.tracks
    _followed(tracker, points, 2)
    tracker.leave(track)
    assert tracker.overdue(1000.0) == (track,)
    tracker.dismiss(track)
    assert points.at(1) == ()


def _both_decided_while_the_first_frame_is_held() -> tuple[Tracker, ResumePoints]:
    """A face in each frame, and another one from the third on, decided with the watermark still at 2."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    for sequence in (1, 2):
        _followed(tracker, points, sequence, 0.10)
    _followed(tracker, points, 3, 0.10, 0.60)
    for track in tracker.tracks:
        tracker.decide(track)
    return tracker, points


def test_a_track_stored_ahead_of_the_watermark_is_remembered_as_such() -> None:
    """It has an end to be told, but nobody goes on with it, until the watermark is there."""
    tracker, points = _both_decided_while_the_first_frame_is_held()
    first, second = tracker.tracks
    assert [(each.track_id, each.ahead) for each in points.at(2)] == [(first.track_id, False), (second.track_id, True)]
    assert [each.track_id for each in revived_tracks(points.at(2), (), 100.0)] == [first.track_id]
    assert [(each.track_id, each.ahead) for each in points.at(3)] == [(first.track_id, False), (second.track_id, False)]


def test_a_track_ahead_that_ended_is_forgotten() -> None:
    """Its end was told with the same commit."""
    tracker, points = _both_decided_while_the_first_frame_is_held()
    first, second = tracker.tracks
    tracker.leave(second)
    tracker.close(second)
    _followed(tracker, points, 4, 0.10)
    assert [each.track_id for each in points.at(2)] == [first.track_id]


def test_a_track_ahead_stays_remembered_until_its_first_frame_came_again() -> None:
    """A later session remembers it as it was, then gives it out once unless it began anew."""
    for begins_anew in (False, True):
        _, points = _both_decided_while_the_first_frame_is_held()
        stored = points.at(2)
        later = ResumePoints(stored)
        tracker = Tracker("door.e1", TrackPolicy(), revived_tracks(stored, (), 100.0))
        later.note(2, tracker.tracks)
        assert later.passed(2) == ()
        assert later.at(2) == stored
        _followed(tracker, later, 3, 0.10, *([0.60] if begins_anew else []))
        tracker.overdue(1000.0)
        assert later.passed(3) == (() if begins_anew else stored[1:])
        assert later.passed(4) == ()
        assert [each.ahead for each in later.at(4)] == [False] * (1 + begins_anew)


def test_a_track_ahead_that_was_told_to_have_left_is_not_told_again() -> None:
    """Whoever found the stream deserted has told it."""
    _, points = _both_decided_while_the_first_frame_is_held()
    later = ResumePoints(replace(track, absent=True) for track in points.at(2))
    assert later.passed(9) == ()


def test_few_of_a_crowd_are_remembered() -> None:
    """Of more faces than fit, the ones seen last are kept, and company names only those."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    crowd = [0.05 * place for place in range(MOST_TRACKS + 2)]
    _followed(tracker, points, 1, *crowd)
    _followed(tracker, points, 2, *crowd[2:])
    for track in tracker.tracks:
        tracker.decide(track)
    kept = points.at(2)
    assert len(kept) == MOST_TRACKS
    assert all(track.last_sequence == 2 for track in kept)
    assert all(len(track.company) == MOST_TRACKS - 1 for track in kept)


def test_a_revived_track_goes_on_and_is_not_asked_about_again() -> None:
    """The same face in the next frame continues it; a stranger who was asked about is not asked about again."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (track,) = tracker.tracks
    tracker.calls.call(track, 1.0, 0.0)
    tracker.answer(track, None)
    tracker.decide(track)
    revived = revived_tracks(points.at(1), (), 5.0)
    again = Tracker("door.e1", TrackPolicy(), revived)
    captured = _START + timedelta(seconds=0.4)
    observation = again.observe(2, captured, 5.0, time_of(captured), [_face(0.10)])
    assert observation.started == ()
    assert [each.track_id for each in observation.seen] == [track.track_id]
    assert not again.calls.wants_call(observation.seen[0], 1.0, 9.0)


def test_a_revived_track_with_a_provisional_name_is_asked_about_again() -> None:
    """What its shots said so far is not kept, so that the session that resumes begins anew."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (track,) = tracker.tracks
    tracker.calls.call(track, 1.0, 0.0)
    tracker.answer(track, None, Evidence(Match("ana", 0.46, 0.3), 0.01, 1))
    tracker.decide(track)
    (revived,) = revived_tracks(points.at(1), (), 5.0)
    assert (revived.match, revived.evidence) == (None, None)
    assert Tracker("door.e1", TrackPolicy(), [revived]).calls.wants_call(revived, 0.5, 9.0)


def test_people_who_are_gone_do_not_come_back_with_their_tracks() -> None:
    """The track of somebody who was erased goes on as a stranger's."""
    tracker, points = Tracker("door.e1", TrackPolicy()), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (track,) = tracker.tracks
    tracker.answer(track, Match("ana", 0.9, 0.4))
    (known,) = revived_tracks(points.at(1), {"ana"}, 5.0)
    (stranger,) = revived_tracks(points.at(1), {"ben"}, 5.0)
    assert known.match == track.match
    assert stranger.match is None


@pytest.mark.parametrize("durable", [1, 2], ids=["cut before the look", "cut after the look"])
def test_whoever_comes_where_a_look_missed_somebody_is_not_taken_for_them_after_a_cut(durable: int) -> None:
    """Where the face before is not known any more, an absence that was seen parts two people, cut or not."""
    tracker, points = Tracker("door.e1", _COMPARES), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (ana,) = tracker.tracks
    tracker.answer(ana, Match("ana", 0.9, 0.4))
    _followed(tracker, points, 2)
    again = Tracker("door.e1", _COMPARES, revived_tracks(points.at(durable), {"ana"}, 101.0))
    if durable == 1:
        _followed(again, points, 2)
    (doubtful,) = _followed(again, points, 3, 0.10).doubted
    assert doubtful.doubt is Doubt.RETURN
    assert doubtful.candidate.match is None
    assert again.compared(doubtful.candidate, 3, {}, 1.0) is doubtful.candidate


def _doubted_at_a_cut_in_the_picture() -> tuple[Tracker, ResumePoints, Track, Track]:
    """Ana in frame 1; in frame 2 the picture has changed, and a face is where she was, which is to be compared."""
    tracker, points = Tracker("door.e1", _COMPARES), ResumePoints()
    _followed(tracker, points, 1, 0.10)
    (ana,) = tracker.tracks
    tracker.answer(ana, Match("ana", 0.9, 0.4))
    (doubtful,) = _followed(tracker, points, 2, 0.10, share=0.9).doubted
    return tracker, points, ana, doubtful.candidate


def test_a_track_whose_place_another_face_has_taken_is_not_continued_by_place_after_a_cut() -> None:
    """The one who stands there goes on, and not the one before."""
    tracker, points, ana, ben = _doubted_at_a_cut_in_the_picture()
    assert tracker.separate(ben) == (ana,)
    tracker.leave(ana)
    tracker.close(ana)
    tracker.answer(ben, Match("ben", 0.9, 0.4))
    again = Tracker("door.e1", _COMPARES, revived_tracks(points.at(2), {"ana", "ben"}, 101.0))
    (seen,) = _followed(again, points, 3, 0.10).seen
    assert (seen.track_id, seen.match) == (ben.track_id, ben.match)


def test_a_track_that_its_candidate_continued_goes_on_from_what_the_candidate_saw() -> None:
    """It was found to be the same face only later: the watermark may pass a frame in which that was not known yet."""
    tracker, points, ana, candidate = _doubted_at_a_cut_in_the_picture()
    assert tracker.compared(candidate, 2, {ana.track_id: 0.1}, 1.0) is ana
    tracker.rejoin(candidate, ana)
    _followed(tracker, points, 3, 0.10)
    (then,) = points.at(2)
    assert (then.track_id, then.last_sequence, then.visible, then.suspended) == (ana.track_id, 2, True, False)
    assert then.last_seen == _START + timedelta(seconds=0.4)
    again = Tracker("door.e1", _COMPARES, revived_tracks((then,), {"ana"}, 101.0))
    observation = _followed(again, points, 3, 0.10)
    assert [each.track_id for each in observation.seen] == [ana.track_id]
    assert observation.started == ()
