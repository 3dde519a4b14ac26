"""From pictures to the times in which a camera saw nothing: people in a room, a hand, the dark, a turn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.attendance.frame_notes import FrameNotes
from portero_server.domain.attendance.known_view import KnownView, ViewWatch
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan, overlaid
from portero_server.domain.detection.glimpse import VIEW_EVERY
from portero_server.vision import view_edges
from portero_server.vision.gate import MotionGate
from portero_server.vision.glimpse import Glimpses
from tests.support.images.scenes import NoisyCamera, Room, room, with_face
from tests.support.store.commits import at

_RATE = 2
_LEARNS = 68
"""Seconds after which the view of a room is known."""


def _blind(camera: NoisyCamera, scenes: Iterable[Room]) -> tuple[UnprovenSpan, ...]:
    """Returns when a camera that takes pictures of scenes saw nothing; the first is taken at 0."""
    gate, glimpses, notes = MotionGate(), Glimpses(), FrameNotes()
    began = camera.now + camera.interval
    for sequence, scene in enumerate(scenes, start=1):
        jpeg, captured = camera.shoot(scene)
        gate.look(jpeg, captured)
        assert gate.picture is not None
        seconds = captured - began
        notes.note(sequence, at(seconds), searched=True, glimpse=glimpses.take(gate.picture, seconds + 0.25))
    watch = ViewWatch(view_edges, {at(0): KnownView(at(0))})
    return overlaid(watch.blind(notes.settled(sequence).looks))


def _for(seconds: int, scene: Room | Callable[[int], Room]) -> list[Room]:
    return [scene(number) if callable(scene) else scene for number in range(seconds * _RATE)]


def _hand(empty: Room) -> Room:
    """Returns a hand before the lens, lit from one side."""
    across = np.linspace(40, 110, empty.shape[1], dtype=np.float32)
    return np.broadcast_to(across[np.newaxis, :, np.newaxis], empty.shape).astype(np.float32)


def _crowd(empty: Room, seed: int, people: int) -> Callable[[int], Room]:
    """Returns what is seen of people of a third of the height who walk through, one picture after the other."""
    random = np.random.default_rng(seed)
    starts, speeds = random.integers(0, 480, people), random.integers(-25, 26, people)
    tops = random.integers(0, 320, people)

    def scene(number: int) -> Room:
        seen = empty
        for start, speed, top in zip(starts, speeds, tops, strict=True):
            seen = with_face(seen, int(start + speed * number) % 480, int(top), 160)
        return seen

    return scene


@settings(max_examples=8)
@given(st.integers(0, 40), st.integers(1, 4), st.floats(0, 8), st.floats(0.4, 1.2))
def test_a_lit_room_is_never_blind(seed: int, people: int, noise: float, light: float) -> None:
    """Whoever walks through it, with any noise, and in another light than it was learned in."""
    empty = room(seed=seed)
    scenes = _for(_LEARNS, empty) + [scene * np.float32(light) for scene in _for(70, _crowd(empty, seed, people))]
    assert _blind(NoisyCamera(noise=noise, rate=_RATE), scenes) == ()


@settings(max_examples=8)
@given(st.integers(3, 40), st.integers(1, 10), st.integers(0, 40), st.floats(0, 8))
def test_a_covered_lens_is_blind_while_it_is_covered(covered: int, before: int, seed: int, noise: float) -> None:
    """For as long as something is before it, more or less the second between two looks."""
    empty = room(seed=seed)
    scenes = _for(before, empty) + _for(covered, _hand(empty)) + _for(5, empty)
    (found,) = _blind(NoisyCamera(noise=noise, rate=_RATE), scenes)
    assert found.causes == (UnprovenCause.COVERED,)
    assert abs((found.start - at(before)).total_seconds()) <= 1
    assert abs((found.end - at(before + covered)).total_seconds()) <= 1


@pytest.mark.parametrize("noise", [0.5, 3.0])
def test_the_light_goes_out_and_the_camera_is_turned(noise: float) -> None:
    """Dark and moved are told apart, each for its time, as often as it is looked at; turned back, it watches."""
    here, there = room(seed=3), room(seed=11)
    dark = here * np.float32(0.02)
    scenes = _for(_LEARNS, here) + _for(10, dark) + _for(5, here) + _for(70, there) + _for(10, here)
    first, second = _blind(NoisyCamera(noise=noise, rate=_RATE), scenes)
    assert (first.causes, second.causes) == ((UnprovenCause.DARK,), (UnprovenCause.MOVED,))
    assert abs((first.end - first.start).total_seconds() - 10) <= 1
    assert -VIEW_EVERY <= second.start - at(_LEARNS + 15) <= timedelta(0)
    assert timedelta(0) <= second.end - at(_LEARNS + 85) <= VIEW_EVERY
