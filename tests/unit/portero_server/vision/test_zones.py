"""What lies within a camera's privacy zone reaches nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from portero_server.clock import SystemClock
from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.domain.gate.cadence import Due
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.engines.scripted import PatchDetector
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.analyzer import VisionPool
from portero_server.vision.gate import MotionGate
from portero_server.vision.pixels import Pixels
from portero_server.vision.zones import blacken
from tests.support.time.frame_times import time_of

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LEFT_HALF = Box(0.0, 0.0, 0.5, 1.0)
ODD = Box(0.137, 0.211, 0.333, 0.417)


class NotingDetector(PatchDetector):
    """Remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[Pixels] = []

    def find(self, image: Pixels, *, thorough: bool, within: Box = WHOLE) -> list[FoundFace]:
        """Finds patches."""
        self.shown.append(image.copy())
        return super().find(image, thorough=thorough, within=within)


def _frame(sequence: int, picture: Pixels, zones: tuple[Box, ...]) -> Frame:
    done, data = cv2.imencode(".jpg", picture)
    assert done
    height, width = picture.shape[:2]
    captured = START + timedelta(seconds=sequence)
    return Frame(sequence, captured, bytes(data), width, height, float(sequence), 0.0, time_of(captured), zones)


def _scene(*patches: tuple[int, int], width: int = 640, height: int = 480) -> Pixels:
    """A dark room with bright patches of 100 pixels at these places (left, top)."""
    picture = np.full((height, width, 3), 8, np.uint8)
    for left, top in patches:
        picture[top : top + 100, left : left + 100] = (40, 200, 240)
    return picture


def _inside(pixels: NDArray[np.uint8], zone: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = zone.to_pixels(pixels.shape[1], pixels.shape[0])
    return pixels[top:bottom, left:right]


async def _looks(detector: PatchDetector, frames: list[Frame], *, text: bool = False) -> list[FrameAnalysis]:
    eyes = VisionPool(detector, SystemClock(), threads=1)
    scene = eyes.scene()
    due = Due(look=True, thorough=True)
    looks: list[FrameAnalysis] = []
    for frame in frames:
        looks += [
            look for look in await scene.look([frame], lambda _: due, text=text) if isinstance(look, FrameAnalysis)
        ]
    await eyes.aclose()
    return looks


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("zone", [LEFT_HALF, ODD])
async def test_no_pixel_of_a_zone_reaches_detector_or_engine(zone: Box, text: bool) -> None:
    """What the detector is shown, and what crops and text are taken from, is black within the zone."""
    detector = NotingDetector()
    noise = np.random.default_rng(7).integers(1, 255, (480, 640, 3), np.uint8)
    frames = [_frame(1, noise, (zone,)), _frame(2, _scene((400, 300), (150, 150)), (zone,))]
    looks = await _looks(detector, frames, text=text)
    taken = [look.pixels for look in looks if look.pixels is not None]
    assert taken
    for pixels in (*taken, *detector.shown):
        assert not _inside(pixels, zone).any()
        assert pixels.any()


async def test_a_face_within_a_zone_is_not_found_and_one_beside_it_is() -> None:
    """Whoever walks in the zone is never seen; the rest of the frame is looked at as ever."""
    frames = [_frame(1, _scene(), (LEFT_HALF,)), _frame(2, _scene((100, 100), (450, 200)), (LEFT_HALF,))]
    look = (await _looks(PatchDetector(), frames))[1]
    assert [round(face.box.left, 1) for face in look.faces] == [0.7]


async def test_what_happens_in_a_zone_is_no_motion() -> None:
    """A frame in which only the zone changed is an unchanged one."""
    walks = [_frame(1, _scene(), (LEFT_HALF,))]
    walks += [_frame(2 + step, _scene((20 * step, 100)), (LEFT_HALF,)) for step in range(8)]
    outcomes = [look.outcome for look in await _looks(PatchDetector(), walks)]
    assert set(outcomes[1:]) == {FrameOutcome.UNCHANGED}


@pytest.mark.parametrize("size", [(640, 480), (333, 251), (1283, 717), (90, 90)])
@pytest.mark.parametrize("zone", [ODD, Box(0.9, 0.9, 0.1, 0.1)])
def test_the_reduced_picture_knows_nothing_of_a_zone(size: tuple[int, int], zone: Box) -> None:
    """Two pictures that differ only within the zone are the same to the gate, at every size."""
    width, height = size
    random = np.random.default_rng(3)
    room = np.full((height, width, 3), 90, np.uint8)
    gate = MotionGate()
    for second in range(6):
        picture = room.copy()
        _inside(picture, zone)[:] = random.integers(0, 255, _inside(picture, zone).shape, np.uint8)
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
        assert done
        result = gate.look(bytes(data), float(second), (zone,))
    assert not result.changed


def test_a_zone_is_rounded_outward_and_cut_at_the_edges() -> None:
    """Every pixel that a zone touches, and one around it, is black."""
    pixels = blacken(np.full((10, 10), 255, np.uint8), (Box(0.35, 0.35, 0.3, 0.3), Box(0.95, 0.0, 0.05, 0.1)))
    assert not pixels[2:8, 2:8].any()
    assert not pixels[0:2, 8:].any()
    assert pixels[9].all()
