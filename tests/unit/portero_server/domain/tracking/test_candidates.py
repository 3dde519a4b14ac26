"""A face that may be another person's is a candidate, until it is compared with those of the tracks before it."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.detections import FaceQuality, FoundFace, Match
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.doubts import Doubt
from portero_server.domain.tracking.following import Observation
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import Track, TrackPhase
from tests.support.model.tracked_camera import TrackedCamera

_POLICY = TrackPolicy(identity=IdentityPolicy())
_LIGHT, _DARK = (0.6, 0.8), (0.8, -0.6)
_ANA = Match("ana", 0.8, 0.4)


def _face(left: float = 0.4, patch: tuple[float, ...] = _LIGHT) -> FoundFace:
    return FoundFace(Box(left, 0.3, 0.1, 0.1), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0), patch)


class _Camera(TrackedCamera):
    """Looks thoroughly, unless told otherwise."""

    def __init__(self, policy: TrackPolicy = _POLICY) -> None:
        super().__init__(policy)

    def show(self, *faces: FoundFace, thorough: bool = True, share: float = 0.0) -> Observation:
        return super().show(*faces, thorough=thorough, share=share)

    def ana(self) -> Track:
        """Shows Ana, who is recognized."""
        (track,) = self.show(_face()).seen
        self.tracker.calls.call(track, 1.0, 0.0)
        self.tracker.answer(track, _ANA)
        return track

    def replaced(self) -> tuple[Track, Track]:
        """Shows Ana, and in the next frame somebody where she was. Returns her track, and the candidate."""
        ana = self.ana()
        (doubtful,) = self.show(_face(patch=_DARK)).doubted
        assert doubtful.track is ana
        assert doubtful.doubt is Doubt.LIKENESS
        return ana, doubtful.candidate

    def compared(self, candidate: Track, **distances: float) -> Track | None:
        names = {"ana": "door.e1.1.0", "ben": "door.e1.1.1"}
        of = {names[who]: gap for who, gap in distances.items()}
        return self.tracker.compared(candidate, self.sequence, of, 0.5)


def test_a_track_in_doubt_is_not_continued_by_place() -> None:
    """The frames that show the doubtful face belong to the candidate, which is asked about only when compared."""
    camera = _Camera()
    ana, candidate = camera.replaced()
    seen = camera.show(_face(0.41, _DARK)).seen
    assert seen == (candidate,)
    assert ana.last_sequence == 1
    assert not camera.tracker.calls.wants_call(candidate, 1.0, 100.0)


def test_the_same_face_continues_its_track() -> None:
    """A candidate that is near enough gives all that it saw to the track, and is over."""
    camera = _Camera()
    ana, candidate = camera.replaced()
    assert camera.compared(candidate, ana=0.3) is ana
    camera.tracker.rejoin(candidate, ana)
    assert candidate.phase is TrackPhase.REJOINED
    assert (ana.last_sequence, ana.hits, ana.box, ana.visible) == (2, 2, candidate.box, True)
    assert camera.show(_face(0.4, _DARK)).seen == (ana,)


def test_another_face_has_its_own_times() -> None:
    """The track ends when it was last sure, and the candidate began with the doubt: nothing is renamed in between."""
    camera = _Camera()
    ana, candidate = camera.replaced()
    assert camera.compared(candidate, ana=0.8) is candidate
    assert camera.tracker.separate(candidate) == (ana,)
    assert ana.last_seen < candidate.first_seen
    assert candidate.match is None
    assert camera.tracker.calls.wants_call(candidate, 1.0, 100.0)


def test_a_comparison_with_an_earlier_shot_says_nothing() -> None:
    """While it is doubtful whether a candidate is one face, what its earlier shot showed does not count."""
    camera = _Camera()
    ana, candidate = camera.replaced()
    camera.show(_face(patch=_LIGHT))
    assert camera.tracker.compared(candidate, 2, {ana.track_id: 0.1}, 0.5) is None
    assert camera.tracker.compared(candidate, 3, {ana.track_id: 0.8}, 0.5) is candidate


def test_a_track_waits_for_a_comparison_however_fast_the_frames_follow() -> None:
    """A bridge that was cut sends a minute in a second: the face that came in time is compared with its own."""
    camera = _Camera()
    ana, candidate = camera.replaced()
    assert not any(camera.still() for _ in range(60))
    assert camera.compared(candidate, ana=0.2) is ana
    camera.tracker.rejoin(candidate, ana)
    assert ana.last_sequence == camera.sequence
    assert camera.still() == ()


def test_whoever_comes_too_late_is_not_compared_with_a_track_that_waits() -> None:
    """Only a candidate that came in time, elsewhere or there, can be the face of a track, and only that is awaited."""
    camera = _Camera()
    ana = camera.ana()
    camera.show()
    camera.sequence += 45
    (early,) = camera.show(_face(0.8)).started
    camera.sequence += 10
    late = next(each for each in camera.show(_face(0.8), _face(0.1)).started if each.box.left == 0.1)
    assert ana in camera.tracker.tracks
    assert camera.compared(late, ana=0.2) is late
    camera.tracker.separate(early)
    assert ana in camera.still()


def test_a_candidate_that_may_be_another_person_begins_anew() -> None:
    """Neither its time, nor who was beside it, nor what was compared goes back to before it was doubtful."""
    camera = _Camera()
    _, candidate = camera.replaced()
    beside = camera.show(_face(patch=_DARK), _face(0.7)).seen[1]
    assert camera.compared(candidate, ana=0.57) is None
    assert (candidate.comparisons, candidate.company) == (1, {beside.track_id})
    camera.show(_face(patch=_LIGHT))
    assert (candidate.comparisons, candidate.company) == (0, set())
    assert candidate.first_seen == candidate.last_seen
    assert candidate.track_id not in beside.company


def test_a_face_beside_another_may_be_covered() -> None:
    """As long as they are that near to each other, and only where faces are compared at all."""
    camera, place = _Camera(), _Camera(TrackPolicy())
    left, right = camera.show(_face(0.4), _face(0.51, _DARK)).seen
    assert (left.covered, right.covered) == (True, True)
    camera.show(_face(0.38), _face(0.53, _DARK))
    assert (left.covered, right.covered) == (False, False)
    assert not any(track.covered for track in place.show(_face(0.4), _face(0.51, _DARK)).seen)


def test_whoever_comes_after_an_absence_that_was_seen_may_be_anybody() -> None:
    """After a thorough look that found nobody, a face in the same place is a candidate that continues no place."""
    camera = _Camera()
    ana = camera.ana()
    camera.show()
    (candidate,) = camera.show(_face()).started
    assert candidate.unverified
    assert candidate.continues == ""
    assert camera.compared(candidate, ana=0.8) is candidate
    assert camera.tracker.separate(candidate) == ()
    assert ana in camera.tracker.suspended


def test_a_quick_look_says_nothing_of_a_small_face() -> None:
    """A face that only thorough looks find is not doubted because a quick one did not find it."""
    camera = _Camera()
    ana = camera.ana()
    camera.show(thorough=False)
    observation = camera.show(_face())
    assert observation.seen == (ana,)
    assert observation.doubted == ()


def test_a_cut_makes_everybody_doubtful() -> None:
    """When most of the picture changes at once, each face is compared."""
    camera = _Camera()
    ana = camera.ana()
    (doubtful,) = camera.show(_face(), share=0.9).doubted
    assert (doubtful.track, doubtful.doubt) == (ana, Doubt.SCENE)


def test_two_who_swapped_places_get_their_own_tracks_back() -> None:
    """Each candidate continues the track whose face it has, wherever that was."""
    camera = _Camera()
    ana, ben = camera.show(_face(0.2), _face(0.7, _DARK)).seen
    for track in (ana, ben):
        camera.tracker.decide(track)
    left, right = (each.candidate for each in camera.show(_face(0.2, _DARK), _face(0.7)).doubted)
    assert camera.compared(left, ana=0.8, ben=0.3) is ben
    camera.tracker.rejoin(left, ben)
    assert camera.compared(right, ana=0.3, ben=0.8) is ana
    camera.tracker.rejoin(right, ana)
    assert camera.show(_face(0.2, _DARK), _face(0.7)).seen == (ben, ana)
    assert (ana.company, ben.company) >= ({ben.track_id}, {ana.track_id})


def test_an_absent_track_is_told_once_and_continues_with_its_face() -> None:
    """A decided track is reported as left in time; the same face continues it until it is outdated."""
    camera = _Camera()
    ana = camera.ana()
    told = [track for _ in range(20) for track in _after(camera)]
    assert told == [ana]
    (candidate,) = camera.show(_face()).started
    assert camera.compared(candidate, ana=0.3) is ana
    camera.tracker.rejoin(candidate, ana)
    assert camera.tracker.returned(ana)
    for _ in range(60):
        camera.show()
    assert camera.show().lost == (ana,)


def _after(camera: _Camera) -> tuple[Track, ...]:
    camera.show()
    return camera.tracker.lingering(camera.time)


@pytest.mark.parametrize("faces", [0, 1])
def test_without_an_encoder_an_absence_that_was_seen_ends_a_track(faces: int) -> None:
    """Where nothing can compare faces, whoever comes after a thorough look that found nobody is somebody else."""
    camera = _Camera(TrackPolicy())
    ana = camera.ana()
    assert camera.show().lost == (ana,)
    camera.tracker.leave(ana)
    observation = camera.show(*[_face()] * faces)
    assert not any(track.unverified for track in observation.started)
    assert len(observation.started) == faces


def test_an_undecided_track_keeps_waiting_for_its_decision() -> None:
    """A track that is doubted before it was decided is still decided by its deadline."""
    camera = _Camera()
    (track,) = camera.show(_face()).seen
    camera.show(_face(patch=_DARK))
    assert track.phase is TrackPhase.PROVISIONAL
    assert track in camera.tracker.overdue(100.0)


@pytest.mark.parametrize(("pause", "same"), [(6, True), (1, False)], ids=["a pause", "another look"])
def test_where_no_face_is_known_only_a_strong_doubt_parts(pause: int, *, same: bool) -> None:
    """After a server died nothing is left to compare with: a pause alone does not make somebody else of a face."""
    camera = _Camera()
    ana = camera.ana()
    camera.sequence += pause - 1
    (doubtful,) = camera.show(_face(patch=_LIGHT if same else _DARK)).doubted
    assert doubtful.doubt is (Doubt.PAUSE if same else Doubt.LIKENESS)
    assert camera.compared(doubtful.candidate) is (ana if same else doubtful.candidate)
