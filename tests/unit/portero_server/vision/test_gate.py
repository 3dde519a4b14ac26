"""The motion gate on generated scenes with sensor noise."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.vision.gate import GateResult, MotionGate
from tests.support.images import jpegs
from tests.support.images.scenes import NoisyCamera, Room, room, with_face

_NOISE = [0.5, 3.0, 8.0, 20.0]
_LEARNING = 12
"""Frames after which a scene counts as learned."""


def _look(gate: MotionGate, camera: NoisyCamera, scene: Room, frames: int = 1) -> list[GateResult]:
    return [gate.look(*camera.shoot(scene)) for _ in range(frames)]


def _learned(camera: NoisyCamera, scene: Room, frames: int = _LEARNING) -> MotionGate:
    gate = MotionGate()
    _look(gate, camera, scene, frames)
    return gate


def test_the_first_frame_is_worth_a_look() -> None:
    """Nothing is known yet, so the first frame counts as changed throughout."""
    [first] = _look(MotionGate(), NoisyCamera(noise=3), room())
    assert first == GateResult(changed=True, share=1.0, duplicate=False)


def test_the_same_file_again_is_a_duplicate() -> None:
    """A byte-identical file is a duplicate and no change, as often as it comes; another file is none."""
    gate, camera = MotionGate(), NoisyCamera(noise=3)
    file, captured = camera.shoot(room())
    gate.look(file, captured)
    again = [gate.look(file, captured + seconds) for seconds in (0.2, 0.4)]
    assert again == [GateResult(changed=False, share=0.0, duplicate=True)] * 2
    [other] = _look(gate, camera, room())
    assert not other.duplicate


def test_a_damaged_frame_teaches_nothing() -> None:
    """A picture of which the lower half was lost is not a change, and the sound ones after it are none either."""
    camera = NoisyCamera(noise=3)
    scene = room()
    gate = _learned(camera, scene)
    for _ in range(3):
        file, captured = camera.shoot(scene)
        scan = file.rfind(b"\xff\xda")
        torn = gate.look(file[: (scan + len(file)) // 2] + b"\xff\xd9", captured)
        assert torn == GateResult(changed=False, share=0.0, duplicate=False, damaged=True)
        assert [result.changed for result in _look(gate, camera, scene, 4)] == [False] * 4


def test_a_camera_whose_every_frame_is_damaged_is_still_read() -> None:
    """What is left of its pictures is better than nothing: somebody who comes is a change."""
    camera = NoisyCamera(noise=3)
    gate = MotionGate()

    def torn(scene: Room) -> GateResult:
        file, captured = camera.shoot(scene)
        scan = file.rfind(b"\xff\xda")
        return gate.look(file[: scan + (len(file) - scan) * 9 // 10] + b"\xff\xd9", captured)

    for _ in range(4 * _LEARNING):
        torn(room())
    assert torn(with_face(room(), 100, 60, 120)).changed


@pytest.mark.parametrize("noise", _NOISE)
@pytest.mark.parametrize("rate", [1.0, 25.0])
def test_a_still_scene_is_quiet(noise: float, rate: float) -> None:
    """Once learned, fewer than one in a hundred frames of a still scene count as changed, however noisy the sensor."""
    camera = NoisyCamera(noise=noise, rate=rate)
    scene = room()
    gate = _learned(camera, scene)
    changed = [result.changed for result in _look(gate, camera, scene, 101)]
    assert sum(changed) <= 1


@pytest.mark.parametrize("noise", _NOISE)
@pytest.mark.parametrize(("left", "top"), [(0, 0), (300, 200), (596, 436)], ids=["corner", "middle", "far corner"])
def test_a_face_of_forty_pixels_is_noticed(noise: float, left: int, top: int) -> None:
    """A small face that appears anywhere in a VGA frame counts as a change in its first or second frame."""
    camera = NoisyCamera(noise=noise)
    gate = _learned(camera, room())
    changed = [result.changed for result in _look(gate, camera, with_face(room(), left, top), 2)]
    assert any(changed)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (160, 120), (80, 80), (1280, 720)])
def test_frames_of_other_sizes_are_watched_as_well(width: int, height: int) -> None:
    """A face of a twelfth of the height or more is noticed in tiny and in large frames."""
    camera = NoisyCamera(noise=3)
    scene = room(width, height)
    gate = _learned(camera, scene)
    assert not any(result.changed for result in _look(gate, camera, scene, 5))
    side = max(16, height // 12)
    changed = [result.changed for result in _look(gate, camera, with_face(scene, width // 2, height // 2, side), 2)]
    assert any(changed)


def test_a_walking_figure_is_a_change_in_every_frame() -> None:
    """While a face moves through the scene each frame counts as changed, and a few seconds after it left, none."""
    camera = NoisyCamera(noise=5)
    gate = _learned(camera, room())
    walk = [_look(gate, camera, with_face(room(), left, 200, 60))[0].changed for left in range(0, 560, 20)]
    assert all(walk)
    after = [result.changed for result in _look(gate, camera, room(), 40)]
    assert not any(after[5:])


def test_a_fast_camera_is_not_blind_between_lessons() -> None:
    """At 25 frames a second, of which not every one teaches, a face is a change in each frame from its first on."""
    camera = NoisyCamera(noise=4, rate=25.0)
    gate = _learned(camera, room(), 60)
    walk = [_look(gate, camera, with_face(room(), left, 200, 60))[0].changed for left in range(0, 280, 8)]
    assert all(walk)
    after = [result.changed for result in _look(gate, camera, room(), 100)]
    assert not any(after[25:])


def test_what_holds_still_is_absorbed() -> None:
    """A suitcase put down counts as changed for some seconds, and then belongs to the scene."""
    camera = NoisyCamera(noise=4)
    gate = _learned(camera, room())
    suitcase = with_face(room(), 200, 300, 80)
    changed = [result.changed for result in _look(gate, camera, suitcase, 50)]
    assert all(changed[:10])
    assert not any(changed[35:])
    gone = [result.changed for result in _look(gate, camera, room(), 2)]
    assert any(gone)


@pytest.mark.parametrize("rate", [1.0, 5.0, 25.0])
def test_a_cut_is_recovered_from(rate: float) -> None:
    """After a switch to another scene the frames count as changed at first, and the new scene is quiet soon."""
    camera = NoisyCamera(noise=4, rate=rate)
    gate = _learned(camera, room())
    elsewhere = room(seed=9)
    changed = [result.changed for result in _look(gate, camera, elsewhere, int(10 * rate))]
    assert changed[0]
    assert changed[1]
    assert not any(changed[int(7 * rate) :])


def test_light_switched_on_is_recovered_from() -> None:
    """A lamp that makes all brighter at once keeps the gate open for a few seconds at most."""
    camera = NoisyCamera(noise=4)
    gate = _learned(camera, room() * 0.5)
    changed = [result.changed for result in _look(gate, camera, room() * 0.95, 50)]
    assert not any(changed[25:])


def test_slow_changes_of_light_pass_unnoticed() -> None:
    """A room that grows twice as bright within a minute is never worth a look."""
    camera = NoisyCamera(noise=4)
    scene = room()
    gate = _learned(camera, scene * 0.5)
    changed = [_look(gate, camera, scene * (0.5 + 0.5 * step / 300))[0].changed for step in range(300)]
    assert sum(changed) <= 3


def test_a_flickering_lamp_is_learned_within_a_minute() -> None:
    """What flickers all the time is noise in the end, and a face that appears in its light is still noticed."""
    camera = NoisyCamera(noise=4)
    gate = _learned(camera, room())
    flicker = np.random.default_rng(2).normal(0, 2.5, 340)
    lamp = room()
    changed = []
    for level in flicker:
        lit = lamp.copy()
        lit[40:140, 400:560] += level
        changed.append(_look(gate, camera, lit)[0].changed)
    assert sum(changed[:40]) > 10
    assert sum(changed[300:]) <= 2
    assert _look(gate, camera, with_face(room(), 450, 60))[0].changed


def test_another_size_begins_anew() -> None:
    """A camera set to another size is learned again from its first frame."""
    camera = NoisyCamera(noise=3)
    gate = _learned(camera, room())
    [first] = _look(gate, camera, room(1280, 720))
    assert first.share == 1.0
    later = _look(gate, camera, room(1280, 720), 20)
    assert not any(result.changed for result in later[-5:])


def test_an_undecodable_frame_leaves_no_trace() -> None:
    """A frame that cannot be decoded is refused each time it comes, and the scene stays learned."""
    camera = NoisyCamera(noise=3)
    gate = _learned(camera, room())
    broken = jpegs.START + jpegs.END
    for _ in range(2):
        with pytest.raises(FrameRefused) as refusal:
            gate.look(broken, camera.now)
        assert refusal.value.reason is RejectionReason.UNDECODABLE
    assert not any(result.changed for result in _look(gate, camera, room(), 3))
