"""Looking at the frames of one camera: the gate decides whether, the detector is sent to where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.domain.gate.cadence import Due
from portero_server.domain.streams.frames import Frame, FrameOutcome, RejectionReason
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.analyzer import CameraAnalyzer, VisionPool
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.pixels import Pixels
from tests.support.images import jpegs
from tests.support.time.frame_times import time_of
from tests.support.time.virtual_time import ManualClock

_LOOK = Due(look=True, thorough=False)
_THOROUGH = Due(look=True, thorough=True)
_PASS = Due(look=False, thorough=False)


class _Detector:
    """Finds what it is told to and remembers where it was sent."""

    def __init__(self) -> None:
        self.faces: list[FoundFace] = []
        self.searched: list[Box] = []

    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        self.searched.append(within)
        return self.faces


class _SlowDetector(_Detector):
    """A detector that takes a tenth of a second."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        self._clock.advance(0.1)
        return super().find(image, thorough=thorough, within=within)


class _HurriedClock(ManualClock):
    """A clock by which everything takes long."""

    def monotonic(self) -> float:
        self.advance(0.01)
        return super().monotonic()


class _Camera:
    """A camera at five frames a second, with a lamp that can be put somewhere."""

    def __init__(self, scene: CameraAnalyzer) -> None:
        self._scene = scene
        self._sequence = 0
        self._random = np.random.default_rng(1)

    def shoot(self, lamp: tuple[int, int] | None = None) -> Frame:
        picture: Pixels = np.full((480, 640, 3), 90, np.uint8)
        picture += self._random.integers(0, 4, picture.shape, dtype=np.uint8)
        if lamp is not None:
            picture[lamp[1] : lamp[1] + 80, lamp[0] : lamp[0] + 80] = 220
        self._sequence += 1
        captured = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self._sequence / 5)
        return Frame(self._sequence, captured, encode_jpeg(picture), 640, 480, 0.0, 0.0, time_of(captured))

    async def turn(self, due: Due, *frames: Frame) -> list[FrameOutcome | RejectionReason]:
        looks = await self._scene.look(frames, lambda _: due, text=False)
        return [look.outcome if isinstance(look, FrameAnalysis) else look.reason for look in looks]

    async def look(self, *frames: Frame) -> list[FrameAnalysis]:
        looks: list[FrameAnalysis] = []
        for frame in frames:
            (found,) = await self._scene.look([frame], lambda _: _LOOK, text=False)
            assert isinstance(found, FrameAnalysis)
            looks.append(found)
        return looks

    async def frame(self, due: Due, lamp: tuple[int, int] | None = None, *, text: bool = False) -> FrameAnalysis:
        (look,) = await self._scene.look([self.shoot(lamp)], lambda _: due, text=text)
        assert isinstance(look, FrameAnalysis)
        return look


@pytest.fixture
def detector() -> _Detector:
    """Returns a detector that finds nothing until told."""
    return _Detector()


@pytest.fixture
async def camera(detector: _Detector) -> AsyncIterator[_Camera]:
    """Yields a camera whose empty room has been learned."""
    eyes = VisionPool(detector, ManualClock(), threads=1)
    camera = _Camera(eyes.scene())
    for _ in range(20):
        await camera.frame(_LOOK)
    detector.searched.clear()
    yield camera
    await eyes.aclose()


async def test_an_empty_room_is_not_looked_at(camera: _Camera, detector: _Detector) -> None:
    """Without a change nothing is decoded in full or searched, though a look is due."""
    assert (await camera.frame(_LOOK)).outcome is FrameOutcome.UNCHANGED
    assert detector.searched == []


async def test_only_where_something_changed_is_searched(camera: _Camera, detector: _Detector) -> None:
    """The searched part holds the change with room around it, and not the whole picture."""
    look = await camera.frame(_LOOK, (400, 200))
    assert look.outcome is FrameOutcome.EMPTY
    (searched,) = detector.searched
    assert searched.left < 400 / 640 < 480 / 640 < searched.right
    assert searched.area < 0.5


async def test_known_faces_are_searched_too(camera: _Camera, detector: _Detector) -> None:
    """A face that holds still far from a change is inside the searched part."""
    known = Box(0.05, 0.3, 0.1, 0.13)
    await camera.frame(Due(look=True, thorough=False, keep=(known,)), (300, 200))
    (searched,) = detector.searched
    assert searched.left <= known.left
    assert searched.right >= 380 / 640


async def test_a_change_that_was_skipped_stays_due_with_its_place(camera: _Camera, detector: _Detector) -> None:
    """What changed while no look was due is searched at the next one, although nothing moves any more."""
    assert (await camera.frame(_PASS, (80, 100))).outcome is FrameOutcome.SKIPPED
    assert (await camera.frame(_LOOK)).outcome is FrameOutcome.EMPTY
    (searched,) = detector.searched
    assert searched.left < 80 / 640
    assert (await camera.frame(_LOOK)).outcome is FrameOutcome.UNCHANGED


async def test_a_damaged_frame_is_nobodys_shot(camera: _Camera, detector: _Detector) -> None:
    """A torn picture is not searched, whatever it shows, and what was due is searched in the next sound one."""
    frame = camera.shoot((80, 100))
    torn = frame._replace(jpeg=frame.jpeg[: len(frame.jpeg) * 2 // 3] + b"\xff\xd9")
    assert await camera.turn(_LOOK, torn) == [FrameOutcome.SKIPPED]
    assert detector.searched == []
    assert (await camera.frame(_LOOK)).outcome is FrameOutcome.UNCHANGED
    await camera.frame(_PASS, (80, 100))
    assert await camera.turn(_LOOK, torn, camera.shoot()) == [FrameOutcome.SKIPPED, FrameOutcome.EMPTY]
    assert len(detector.searched) == 1


async def test_an_end_of_all_change_is_looked_at_where_a_face_was(camera: _Camera, detector: _Detector) -> None:
    """When the room is as before again, the place where a face is known to be is searched once more."""
    known = Due(look=True, thorough=False, keep=(Box(0.62, 0.4, 0.1, 0.13),))
    await camera.frame(_LOOK, (400, 200))
    assert (await camera.frame(known)).outcome is FrameOutcome.EMPTY
    assert detector.searched[-1].left < 0.62 < 0.72 < detector.searched[-1].right
    assert (await camera.frame(known)).outcome is FrameOutcome.UNCHANGED


async def test_an_end_of_all_change_is_not_looked_at_where_nobody_was(camera: _Camera, detector: _Detector) -> None:
    """A cat that has gone is no reason for a look."""
    await camera.frame(_LOOK, (400, 200))
    assert (await camera.frame(_LOOK)).outcome is FrameOutcome.UNCHANGED


async def test_a_change_everywhere_is_searched_everywhere(camera: _Camera, detector: _Detector) -> None:
    """Changes at both ends of the picture make the whole of it searched."""
    await camera.frame(_PASS, (0, 0))
    await camera.frame(_LOOK, (560, 400))
    assert detector.searched == [WHOLE]


async def test_a_thorough_look_is_a_look_at_everything(camera: _Camera, detector: _Detector) -> None:
    """Whoever stood still when the room was learned is found when something moves elsewhere."""
    await camera.frame(_THOROUGH, (400, 200))
    assert detector.searched == [WHOLE]


async def test_looks_at_everything_take_a_bounded_share_of_a_thread() -> None:
    """After one that took a tenth of a second, thorough looks search what changed, until a second has passed."""
    clock = ManualClock()
    detector = _SlowDetector(clock)
    eyes = VisionPool(detector, clock, threads=1)
    camera = _Camera(eyes.scene())
    for _ in range(20):
        await camera.frame(_LOOK)
    detector.searched.clear()
    for lamp, pause in (((400, 200), 0.5), ((300, 200), 0.7), ((400, 200), 0.0)):
        await camera.frame(_THOROUGH, lamp)
        clock.advance(pause)
    assert [searched == WHOLE for searched in detector.searched] == [True, False, True]
    await eyes.aclose()


async def test_a_face_comes_with_the_picture_it_is_in(camera: _Camera, detector: _Detector) -> None:
    """A look that found a face carries the decoded frame; one that did not, carries nothing."""
    detector.faces = [FoundFace(Box(0.6, 0.4, 0.1, 0.13), 0.9, FaceQuality(1, 1, 1, 1))]
    look = await camera.frame(_LOOK, (400, 200))
    assert look.outcome is FrameOutcome.WITH_FACES
    assert look.pixels is not None
    assert look.pixels.shape == (480, 640, 3)
    detector.faces = []
    assert (await camera.frame(_LOOK, (300, 200))).pixels is None


async def test_a_camera_in_text_mode_is_decoded_and_not_searched(camera: _Camera, detector: _Detector) -> None:
    """Text mode gives the picture and its sharpness and leaves the detector alone."""
    look = await camera.frame(_LOOK, (400, 200), text=True)
    assert look.pixels is not None
    assert 0.0 <= look.sharpness <= 1.0
    assert detector.searched == []


async def test_frames_that_wait_are_looked_at_in_one_turn(camera: _Camera) -> None:
    """Each frame of a turn gets its own answer, in order, also one that cannot be decoded."""
    still, same, broken = camera.shoot(), camera.shoot(), camera.shoot()._replace(jpeg=jpegs.START + jpegs.END)
    same = same._replace(jpeg=still.jpeg)
    assert await camera.turn(_PASS, still, same, broken, camera.shoot((80, 100)), camera.shoot()) == [
        FrameOutcome.UNCHANGED,
        FrameOutcome.DUPLICATE,
        RejectionReason.UNDECODABLE,
        FrameOutcome.SKIPPED,
        FrameOutcome.SKIPPED,
    ]


async def test_a_turn_ends_with_a_frame_that_was_searched(camera: _Camera, detector: _Detector) -> None:
    """What comes after a search is left for the next turn, which may know of a face to keep an eye on."""
    waiting = [camera.shoot(), camera.shoot((400, 200)), camera.shoot((400, 200))]
    assert await camera.turn(_LOOK, *waiting) == [FrameOutcome.UNCHANGED, FrameOutcome.EMPTY]
    assert len(detector.searched) == 1


async def test_a_turn_ends_when_its_time_is_up(detector: _Detector) -> None:
    """Frames that take long are looked at one a turn, so that other cameras wait for no more than one."""
    eyes = VisionPool(detector, _HurriedClock(), threads=1)
    camera = _Camera(eyes.scene())
    assert len(await camera.turn(_PASS, camera.shoot(), camera.shoot(), camera.shoot())) == 1
    await eyes.aclose()


async def test_the_view_is_looked_at_once_a_second() -> None:
    """Where views are asked for, the first frame of a second has a glimpse, also a still or a repeated one."""
    eyes = VisionPool(_Detector(), ManualClock(), threads=1, glimpses=True)
    camera = _Camera(eyes.scene())
    looks = [await camera.frame(_LOOK) for _ in range(20)]
    # At five frames a second, from a fifth of the first second on.
    assert [place for place, look in enumerate(looks) if look.glimpse is not None] == [0, 4, 9, 14, 19]
    assert looks[14].outcome is FrameOutcome.UNCHANGED
    same = camera.shoot()
    later = [same._replace(time=time_of(same.captured_at + timedelta(seconds=wait))) for wait in (1, 2)]
    found = await camera.look(same, *later)
    assert [look.glimpse is not None for look in found] == [False, True, True]
    assert [look.outcome for look in found[1:]] == [FrameOutcome.DUPLICATE] * 2
    await eyes.aclose()


async def test_views_that_nobody_asks_for_cost_nothing(camera: _Camera) -> None:
    """Without attendance no frame has a glimpse, and neither has one that is read for text."""
    assert all([(await camera.frame(_LOOK)).glimpse is None for _ in range(10)])
    eyes = VisionPool(_Detector(), ManualClock(), threads=1, glimpses=True)
    assert (await _Camera(eyes.scene()).frame(_LOOK, text=True)).glimpse is None
    await eyes.aclose()
