"""Finding faces on this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.vision.detect import FaceDetector
from portero_server.vision.jpeg import to_gray
from portero_server.vision.pixels import Gray
from tests.support.images.portraits import collins, frame_with, hopper

_COLLINS_FACE = Box.from_pixels(175, 75, 265, 165, width=512, height=512)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    """Provides one detector for all tests, since making it takes a moment."""
    return FaceDetector()


def _frame(face: int, *, left: int = 200, top: int = 60) -> Gray:
    """Returns a 640 x 360 frame with a face about so many pixels wide."""
    return to_gray(frame_with(hopper(), face / 200, left=left, top=top))


@pytest.mark.parametrize("width", [90, 120, 180])
def test_a_quick_look_finds_large_faces(detector: FaceDetector, width: int) -> None:
    """A face of a quarter of the height of the frame, or more, is found without searching thoroughly."""
    [face] = detector.find(_frame(width), thorough=False)
    assert face.box.width * 640 == pytest.approx(width, rel=0.25)


@pytest.mark.parametrize("width", [50, 60, 90])
def test_a_thorough_look_finds_small_faces(detector: FaceDetector, width: int) -> None:
    """A face of 50 pixels is found by a thorough look, which finds the large ones too."""
    [face] = detector.find(_frame(width), thorough=True)
    assert face.box.width * 640 == pytest.approx(width, rel=0.25)


def test_a_quick_look_passes_small_faces_over(detector: FaceDetector) -> None:
    """A face of 50 pixels is left to the thorough looks."""
    assert detector.find(_frame(50), thorough=False) == []


def test_a_face_is_found_where_it_is(detector: FaceDetector) -> None:
    """The box of a found face covers the true one, and a good face is surely one, and of good quality."""
    [face] = detector.find(to_gray(collins()), thorough=False)
    assert face.box.iou(_COLLINS_FACE) > 0.6
    assert face.confidence > 0.9
    assert face.quality.overall > 0.25


def test_faces_come_largest_first(detector: FaceDetector) -> None:
    """Of two people the nearer one comes first."""
    frame = np.hstack([_frame(90), _frame(180)])
    assert [face.box.center[0] > 0.5 for face in detector.find(frame, thorough=False)] == [True, False]


def test_a_face_at_the_edge_keeps_its_whole_box(detector: FaceDetector) -> None:
    """A face that the frame's edge cuts is found, and its box may reach over the edge."""
    portrait = hopper()[:, 150:]
    frame = to_gray(frame_with(portrait, 0.6, left=0, top=40))
    [face] = detector.find(frame, thorough=False)
    assert -0.2 < face.box.left < 0.1


@pytest.mark.parametrize("thorough", [False, True])
def test_nothing_is_found_where_nobody_is(detector: FaceDetector, thorough: bool) -> None:
    """An even wall and sensor noise have no faces."""
    noise = np.random.default_rng(5).integers(0, 256, (360, 640), np.uint8)
    for frame in (np.full((360, 640), 100, np.uint8), noise, np.full((80, 80), 9, np.uint8)):
        assert detector.find(frame, thorough=thorough) == []


def test_the_smallest_face_is_a_setting() -> None:
    """A policy for larger faces passes smaller ones over, even when thorough."""
    detector = FaceDetector(DetectPolicy(min_face=110, quick_face=146))
    assert detector.find(_frame(60), thorough=True) == []
    assert len(detector.find(_frame(180), thorough=True)) == 1


def test_large_frames_are_searched_at_a_bounded_size() -> None:
    """In a frame of many pixels a face of the same share of the picture is found, and a small one is not."""
    detector = FaceDetector(DetectPolicy(quick_pixels=100_000))
    large = np.kron(_frame(180), np.ones((3, 3), np.uint8))
    [face] = detector.find(large, thorough=False)
    assert face.box.width * 1920 == pytest.approx(540, rel=0.25)
    assert detector.find(np.kron(_frame(60), np.ones((3, 3), np.uint8)), thorough=False) == []


def test_threads_may_share_a_detector(detector: FaceDetector) -> None:
    """Looks from several threads at once give what they give one after the other."""
    frames = [_frame(width) for width in (90, 120, 150, 180)] * 3
    alone = [detector.find(frame, thorough=False) for frame in frames]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda frame: detector.find(frame, thorough=False), frames))
    assert together == alone


def test_a_part_of_the_frame_is_searched_as_the_whole_would_be(detector: FaceDetector) -> None:
    """A face inside the searched part is given in ratios of the whole frame; one outside is not found."""
    frame = _frame(120)
    [whole] = detector.find(frame, thorough=False)
    [part] = detector.find(frame, thorough=False, within=whole.box.padded(0.8))
    assert part.box.iou(whole.box) > 0.7
    assert detector.find(frame, thorough=False, within=Box(0.75, 0.0, 0.25, 1.0)) == []
    assert detector.find(frame, thorough=False, within=Box(0.5, 0.5, 0.0, 0.0)) == []
