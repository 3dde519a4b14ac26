"""Each face of a frame continues the track that fits best, over all faces together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.assignment import assign, distance, expected_box, kinship, resemblance
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import Track
from tests.support.time.frame_times import time_of

_START = datetime(2026, 1, 1, tzinfo=UTC)
_POLICY = TrackPolicy(identity=IdentityPolicy())
_LIGHT, _DARK = (0.6, 0.8), (0.8, -0.6)


def _at(seconds: float) -> FrameTime:
    return time_of(_START + timedelta(seconds=seconds))


def _box(left: float, size: float = 0.1) -> Box:
    return Box(left, 0.3, size, size)


def _face(left: float, patch: tuple[float, ...] = (), size: float = 0.1) -> FoundFace:
    return FoundFace(_box(left, size), 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0), patch)


def _track(left: float, patch: tuple[float, ...] = (), speed: float = 0.0, name: str = "t") -> Track:
    return Track(
        name, 1, _START, 0.0, 1, _START, _at(0.0), _box(left), velocity=(speed, 0.0), patch=patch, found_quickly=True
    )


def test_a_face_is_expected_where_its_motion_leads() -> None:
    """A walker is expected ahead of the last place, but no more than a second ahead."""
    walker = _track(0.2, speed=0.1)
    assert expected_box(walker, _at(0.5)).left == pytest.approx(0.25)
    assert expected_box(walker, _at(30.0)).left == pytest.approx(0.3)


def test_two_walkers_who_pass_each_other_keep_their_ways() -> None:
    """Where both places are near, motion says who is who."""
    right, left = _track(0.40, speed=0.4, name="right"), _track(0.48, speed=-0.4, name="left")
    owner = assign([right, left], [_face(0.40), _face(0.48)], _at(0.2), _POLICY).owner
    assert {face: track.track_id for face, track in owner.items()} == {0: "left", 1: "right"}


def test_appearance_decides_where_places_do_not() -> None:
    """Of two faces that overlap a track alike, the one that looks like it continues it."""
    track = _track(0.40, _LIGHT)
    owner = assign([track], [_face(0.42, _DARK), _face(0.38, _LIGHT)], _at(0.2), _POLICY).owner
    assert owner == {1: track}


def test_the_sum_counts_and_not_the_best_pair() -> None:
    """A track gives up a face that fits it best if another track would be left without any."""
    first, second = _track(0.40, name="first"), _track(0.54, name="second")
    owner = assign([first, second], [_face(0.45), _face(0.36)], _at(0.2), _POLICY).owner
    assert {face: track.track_id for face, track in owner.items()} == {0: "second", 1: "first"}


def test_faces_that_might_be_either_are_crowded() -> None:
    """Two overlapping faces may be each other's; two far apart are not crowded."""
    near = assign([_track(0.40), _track(0.44, name="u")], [_face(0.41), _face(0.43)], _at(0.2), _POLICY)
    assert near.crowded == {0, 1}
    far = assign([_track(0.1), _track(0.7, name="u")], [_face(0.1), _face(0.7)], _at(0.2), _POLICY)
    assert far.crowded == frozenset()


def test_a_face_of_another_size_elsewhere_is_another_one() -> None:
    """A face beside a track that is three times as wide does not continue it."""
    assert kinship(_track(0.4), _face(0.52, size=0.3), _at(0.2), _POLICY) == 0.0
    assert kinship(_track(0.4), _face(0.52), _at(0.2), _POLICY) > 0.0


def test_what_is_not_known_resembles_everything() -> None:
    """Without a patch there is nothing to tell two faces apart."""
    assert resemblance((), _LIGHT) == resemblance(_LIGHT, ()) == 1.0
    assert resemblance(_LIGHT, _LIGHT) == pytest.approx(1.0)
    assert resemblance(_LIGHT, _DARK) == pytest.approx(0.0)


def test_distances_are_in_widths_of_the_larger_face() -> None:
    """Two faces side by side are one width apart."""
    assert distance(_box(0.4), _box(0.5)) == pytest.approx(1.0)
    assert distance(_box(0.4), Box(0.5, 0.3, 0.2, 0.2)) == pytest.approx(0.75)


@given(
    st.lists(st.floats(0.0, 0.9), max_size=7),
    st.lists(st.floats(0.0, 0.9), max_size=7),
)
def test_no_track_continues_with_two_faces(tracks: list[float], faces: list[float]) -> None:
    """However many there are, each face continues at most one track, and each track continues with at most one."""
    followed = [_track(left, name=str(number)) for number, left in enumerate(tracks)]
    owner = assign(followed, [_face(left) for left in faces], _at(0.2), _POLICY).owner
    assert len({track.track_id for track in owner.values()}) == len(owner)
    assert all(0 <= face < len(faces) for face in owner)
