"""Wrong clocks, and what the checker makes of a server that follows faces across their steps."""

from __future__ import annotations

from datetime import timedelta

from tests.support.model.clocks import RIGHT_CLOCKS, SEGMENT, CameraClocks, Wrong
from tests.support.model.expected import foreseen_tracks, foreseen_visits
from tests.support.model.script import START, STEP, Sight, shown

_FRAMES = 40 * SEGMENT


def test_a_seed_draws_the_same_clocks_again_in_any_order() -> None:
    """What a frame is dated depends on seed, camera and index alone."""
    forth, back = CameraClocks(3), CameraClocks(3)
    dated = {index: forth.captured(1, index) for index in range(_FRAMES)}
    assert dated == {index: back.captured(1, index) for index in reversed(range(_FRAMES))}


def test_every_kind_of_wrong_clock_is_drawn() -> None:
    """A run of usual size meets all kinds."""
    clocks = CameraClocks(1)
    assert {wrong for camera in range(8) for wrong in clocks.wrongs(camera, _FRAMES)} == set(Wrong)


def test_right_clocks_tick_evenly() -> None:
    """Without a seed each frame is dated one step after the one before."""
    assert RIGHT_CLOCKS.captured(2, 7) == START + 7 * STEP == shown(2, 7).captured
    assert RIGHT_CLOCKS.wrongs(2, _FRAMES) == []


def test_nobody_is_foreseen_across_a_clock_that_was_set() -> None:
    """Each foreseen track shows one person, and none lasts longer than its frames."""
    clocks = CameraClocks(5)
    for camera in range(4):
        index_of = {index + 1: index for index in range(_FRAMES)}
        for track in foreseen_tracks(camera, "e", index_of, clocks=clocks):
            sights = {shown(camera, index_of[sequence]) for sequence in track.looks}
            assert {sight.person for sight in sights} == {track.person}
            assert all(sight.sight is Sight.FACE for sight in sights)
            assert timedelta() <= track.last_seen - track.first_seen < timedelta(seconds=20)


def test_right_clocks_make_certain_visits_only() -> None:
    """What was stored of an undisturbed camera is checked without any tolerance."""
    index_of = {index + 1: index for index in range(_FRAMES)}
    assert all(visit.certain for visit in foreseen_visits(0, foreseen_tracks(0, "e", index_of), frozenset()))
