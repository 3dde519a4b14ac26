"""Faces are followed, asked about sparingly, and decided in time."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality, FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.following import Observation
from portero_server.domain.tracking.policy import TrackPolicy
from portero_server.domain.tracking.track import Track
from portero_server.domain.tracking.tracks import Tracker
from tests.support.model.tracked_camera import START, TrackedCamera
from tests.support.time.frame_times import time_of

_POLICY = TrackPolicy()


def _face(left: float, top: float = 0.3, size: float = 0.1, quality: float = 1.0) -> FoundFace:
    return FoundFace(Box(left, top, size, size), 0.9, FaceQuality(quality, 1.0, 1.0, 1.0))


class _Camera(TrackedCamera):
    def __init__(self) -> None:
        super().__init__(_POLICY)


def _look(tracker: Tracker, second: int, *faces: FoundFace) -> Observation:
    captured = START + timedelta(seconds=second)
    return tracker.observe(second + 1, captured, second, time_of(captured), faces)


def test_a_moving_face_is_one_track() -> None:
    """A face that moves less than its width between frames keeps its track."""
    camera = _Camera()
    seen = [camera.show(_face(0.1 + 0.04 * step)).seen[0] for step in range(10)]
    assert len({track.track_id for track in seen}) == 1
    assert seen[0].hits == 10


def test_a_face_that_jumps_by_its_own_width_is_still_one_track() -> None:
    """A fast walker whose boxes do not overlap is followed by nearness."""
    camera = _Camera()
    first = camera.show(_face(0.1)).seen[0]
    assert camera.show(_face(0.22)).seen[0] is first


def test_a_face_across_the_picture_is_another_track() -> None:
    """A face far from where the last one was begins a track of its own."""
    camera = _Camera()
    first = camera.show(_face(0.1)).seen[0]
    assert camera.show(_face(0.7)).seen[0] is not first


def test_two_crossing_faces_keep_the_nearer_track() -> None:
    """Two faces in one frame never share a track, and each goes to the track it overlaps most."""
    camera = _Camera()
    left, right = camera.show(_face(0.1), _face(0.4)).seen
    again = camera.show(_face(0.38), _face(0.12)).seen
    assert again == (right, left)
    assert right.track_id in left.company


def test_a_track_ends_after_enough_time_and_enough_frames_without_its_face() -> None:
    """A face gone for longer than max_lost, over at least max_misses frames, is lost."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    lost: tuple[Track, ...] = ()
    frames = 0
    while not lost:
        lost = camera.show().lost
        frames += 1
    assert lost == (track,)
    assert frames == 8  # 1.5 s at five frames a second, and one more to be beyond it


def test_a_slow_camera_keeps_its_track_over_one_missed_frame() -> None:
    """At one frame in five seconds one look without the face does not end a track."""
    tracker = Tracker("slow.e1", _POLICY)
    first = _look(tracker, 0, _face(0.1)).seen[0]
    assert _look(tracker, 5).lost == ()
    assert _look(tracker, 10, _face(0.1)).seen[0] is first


def test_whoever_comes_long_after_is_somebody_else() -> None:
    """A face where another was seen eleven seconds before, or a still picture then, does not go on with its track."""
    tracker = Tracker("door.e1", _POLICY)
    before = _look(tracker, 0, _face(0.1)).seen[0]
    after = _look(tracker, 11, _face(0.1))
    assert after.started == after.seen
    assert after.lost == (before,)
    tracker.leave(before)
    long_after = START + timedelta(seconds=22)
    assert tracker.still(23, long_after, time_of(long_after)) == after.started


def test_a_still_picture_keeps_faces_that_were_there() -> None:
    """Frames without change move last_seen of a visible face and let an invisible one go."""
    camera = _Camera()
    here = camera.show(_face(0.1), _face(0.6)).seen[0]
    gone = next(track for track in camera.tracker.tracks if track is not here)
    camera.show(_face(0.1))
    lost: list[Track] = []
    for _ in range(20):
        lost.extend(track for track in camera.still() if track not in lost)
    assert lost == [gone]
    assert here.last_sequence == camera.sequence


def test_two_faces_of_one_frame_are_never_the_same_person() -> None:
    """Of two tracks seen together that claim one person, the more similar keeps the name."""
    camera = _Camera()
    twin, original = camera.show(_face(0.1), _face(0.6)).seen
    for track in (twin, original):
        camera.tracker.calls.call(track, 0.5, 0.0)
    assert camera.tracker.answer(twin, Match("ana", 0.6, 0.1)) == (twin,)
    assert camera.tracker.answer(original, Match("ana", 0.8, 0.3)) == (original, twin)
    assert twin.match is None
    assert twin.decided


def test_the_less_similar_of_two_is_refused_the_name() -> None:
    """A later claim with less similarity changes nothing."""
    camera = _Camera()
    original, twin = camera.show(_face(0.1), _face(0.6)).seen
    for track in (twin, original):
        camera.tracker.calls.call(track, 0.5, 0.0)
    camera.tracker.answer(original, Match("ana", 0.8, 0.3))
    assert camera.tracker.answer(twin, Match("ana", 0.6, 0.1)) == ()
    assert twin.match is None


def test_the_deadline_decides_whatever_is_known() -> None:
    """A track undecided at its deadline is a stranger, once."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    assert camera.tracker.overdue(track.received + _POLICY.deadline - 0.01) == ()
    assert camera.tracker.overdue(track.received + _POLICY.deadline) == (track,)
    assert camera.tracker.overdue(track.received + _POLICY.deadline + 9) == ()


def test_a_leaving_track_waits_for_its_answer() -> None:
    """An undecided track whose face is gone is kept for the answer and no longer followed."""
    camera = _Camera()
    track = camera.show(_face(0.1)).seen[0]
    camera.tracker.leave(track)
    assert not camera.tracker.tracks
    assert list(camera.tracker.leaving) == [track]
    camera.tracker.close(track)
    assert not camera.tracker.leaving


def test_nobody_is_followed_before_the_first_face_and_after_the_last_was_closed() -> None:
    """Time has something to ask only while a face is there, or gone and not yet decided."""
    camera = _Camera()
    follows = [camera.tracker.follows]
    track = camera.show(_face(0.1)).seen[0]
    follows.append(camera.tracker.follows)
    camera.tracker.leave(track)
    follows.append(camera.tracker.follows)
    camera.tracker.close(track)
    assert [*follows, camera.tracker.follows] == [False, True, True, False]


def test_whoever_is_named_beside_a_face_is_not_that_face() -> None:
    """A track is told the people named beside it, and forgets them with their tracks."""
    camera = _Camera()
    first, second = camera.show(_face(0.1), _face(0.6)).seen
    camera.tracker.calls.call(first, 0.5, 0.0)
    camera.tracker.answer(first, Match("ana", 0.9, 0.5))
    assert camera.tracker.beside(second) == {"ana"}
    assert camera.tracker.beside(first) == frozenset()
    camera.tracker.close(first)
    assert camera.tracker.beside(second) == frozenset()


@given(
    st.lists(st.lists(st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.03, 0.3)), max_size=4), max_size=25)
)
def test_no_track_has_two_faces_and_none_is_forgotten(frames: list[list[tuple[float, float, float]]]) -> None:
    """For any faces: each face gets one track, no two share one, and a track is followed until it is lost."""
    camera = _Camera()
    alive: set[str] = set()
    for boxes in frames:
        observation = camera.show(*(_face(left, top, size) for left, top, size in boxes))
        names = [track.track_id for track in observation.seen]
        assert len(names) == len(boxes)
        assert len(set(names)) == len(names)
        alive |= set(names)
        for track in observation.lost:
            assert not track.visible
            alive.discard(track.track_id)
            camera.tracker.leave(track)
            camera.tracker.close(track)
        assert {track.track_id for track in camera.tracker.tracks} == alive
