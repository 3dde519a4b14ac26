"""What every face detector must do, whichever finder it uses; each finder's test makes a subclass and gives a `finder`.

Pictures are given in color; what a detector makes of them is its own affair.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.domain.tracking.assignment import resemblance
from portero_server.domain.tracking.policy import IdentityPolicy
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.finder import FaceFinder
from portero_server.vision.jpeg import to_gray
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import collins, frame_with, hopper

_COLLINS_FACE = Box.from_pixels(175, 75, 265, 165, width=512, height=512)
_HOPPER_WIDTH = 200


def picture(face: float, *, left: int = 200, top: int = 60) -> Pixels:
    """Returns a 640 x 360 frame with a face about so many pixels wide."""
    return frame_with(hopper(), face / _HOPPER_WIDTH, left=left, top=top)


class DetectorContract:
    """The tests. A subclass overrides `finder`."""

    @pytest.fixture
    def finder(self) -> FaceFinder:
        """Returns the finder; a subclass overrides it."""
        raise NotImplementedError

    @pytest.fixture
    def detector(self, finder: FaceFinder) -> FaceDetector:
        """Returns a detector with the usual policy."""
        return FaceDetector(finder)

    def test_it_says_what_it_is(self, finder: FaceFinder) -> None:
        """Its traits are sound."""
        traits = finder.traits
        assert traits.name
        assert traits.model
        assert 0 < traits.least_face <= traits.quick_face * 2
        assert 0.0 < traits.min_confidence < 1.0

    @pytest.mark.parametrize("width", [90, 120, 180])
    def test_a_quick_look_finds_large_faces(self, detector: FaceDetector, width: int) -> None:
        """A face of a quarter of the height of the frame, or more, is found by every look."""
        [face] = detector.find(picture(width), thorough=False)
        assert face.box.width * 640 == pytest.approx(width, rel=0.25)

    @pytest.mark.parametrize("width", [50, 60, 90])
    def test_a_thorough_look_finds_small_faces(self, detector: FaceDetector, width: int) -> None:
        """A face of 50 pixels is found by a thorough look, which finds the large ones too."""
        [face] = detector.find(picture(width), thorough=True)
        assert face.box.width * 640 == pytest.approx(width, rel=0.25)

    @pytest.mark.parametrize(("times", "face"), [(1.0, 50), (3.0, 50), (3.0, 70)], ids=["360p", "1080p", "1080p, 70"])
    def test_the_least_face_is_the_same_in_every_frame(self, detector: FaceDetector, times: float, face: int) -> None:
        """A face of 50 pixels is found in a frame of 640 pixels and in one of 1920."""
        frame = np.full((round(360 * times), round(640 * times), 3), 90, np.uint8)
        frame[-360:, -640:] = picture(face)
        [found] = detector.find(frame, thorough=True)
        assert found.box.width * frame.shape[1] == pytest.approx(face, rel=0.25)
        assert found.box.center[0] > 1.0 - 440 / frame.shape[1]

    def test_a_face_is_found_where_it_is(self, detector: FaceDetector) -> None:
        """The box of a found face covers the true one, and a good face is surely one, and of good quality."""
        [face] = detector.find(collins(), thorough=False)
        assert face.box.iou(_COLLINS_FACE) > 0.6
        assert face.confidence > 0.85
        assert face.quality.overall > 0.25

    def test_boxes_are_squares(self, detector: FaceDetector) -> None:
        """Crops, overlaps and encodings are set for square boxes."""
        [face] = detector.find(collins(), thorough=True)
        assert face.box.width == pytest.approx(face.box.height, rel=0.02)

    def test_a_gray_picture_has_the_same_face(self, detector: FaceDetector) -> None:
        """Cameras at night have no colors."""
        [face] = detector.find(to_gray(collins()), thorough=True)
        assert face.box.iou(_COLLINS_FACE) > 0.55

    def test_faces_come_largest_first(self, detector: FaceDetector) -> None:
        """Of two people the nearer one comes first."""
        frame = np.hstack([picture(90), picture(180)])
        assert [face.box.center[0] > 0.5 for face in detector.find(frame, thorough=True)] == [True, False]

    def test_a_face_at_the_edge_keeps_its_whole_box(self, detector: FaceDetector) -> None:
        """A face that the frame's edge cuts is found, and its box may reach over the edge."""
        frame = frame_with(hopper()[:, 150:], 0.6, left=0, top=40)
        [face] = detector.find(frame, thorough=False)
        assert -0.2 < face.box.left < 0.1

    def test_a_large_face_is_found(self, detector: FaceDetector) -> None:
        """Whoever comes as close as the frame is high is still found, in a large frame too."""
        head = hopper()[60:440, 80:460]
        for side in (360, 1080, 2400):
            [face] = detector.find(np.asarray(cv2.resize(head, (side, side)), np.uint8), thorough=True)
            assert face.box.width > 0.4

    def test_a_turned_face_is_less_frontal(self, detector: FaceDetector) -> None:
        """Landmarks tell which way a face looks: the middle of the picture counts, not where the face is in it."""
        [ahead] = detector.find(picture(150), thorough=True)
        assert ahead.quality.frontality > 0.5

    @pytest.mark.parametrize("width", [60, 90, 150])
    def test_a_face_at_rest_looks_the_same_in_every_look(self, detector: FaceDetector, width: int) -> None:
        """Noise, and a sway by parts of a pixel, do not make a face doubtful."""
        chance = np.random.default_rng(11)
        still, patches = picture(width), []
        for look in range(8):
            sway = np.array([[1.0, 0.0, 0.37 * look], [0.0, 1.0, 0.21 * look]])
            moved = cv2.warpAffine(still, sway, (640, 360), borderMode=cv2.BORDER_REPLICATE)
            noisy = np.clip(moved + chance.normal(0.0, 4.0, moved.shape), 0, 255).astype(np.uint8)
            [face] = detector.find(noisy, thorough=True)
            patches.append(face.patch)
        assert min(resemblance(before, now) for before, now in pairwise(patches)) > IdentityPolicy().resemblance

    @pytest.mark.parametrize("thorough", [False, True])
    def test_nothing_is_found_where_nobody_is(self, detector: FaceDetector, thorough: bool) -> None:
        """An even wall and sensor noise have no faces."""
        noise = np.random.default_rng(5).integers(0, 256, (360, 640, 3), np.uint8)
        for frame in (np.full((360, 640, 3), 100, np.uint8), noise, np.full((80, 80, 3), 9, np.uint8)):
            assert detector.find(frame, thorough=thorough) == []

    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 640), (3, 5), (33, 31), (80, 80), (97, 1301)])
    def test_frames_of_any_size_are_searched(self, detector: FaceDetector, height: int, width: int) -> None:
        """However small or long a part of a frame is, it has no face and does no harm."""
        assert detector.find(np.full((height, width, 3), 120, np.uint8), thorough=True) == []

    def test_the_smallest_face_is_a_setting(self, finder: FaceFinder) -> None:
        """A policy for larger faces costs less, and finds the large ones."""
        detector = FaceDetector(finder, DetectPolicy(min_face=110))
        assert len(detector.find(picture(180), thorough=True)) == 1

    def test_a_small_face_is_found_and_never_named(self, finder: FaceFinder) -> None:
        """A face narrower than those that may be named has a box, and no quality."""
        detector = FaceDetector(finder, DetectPolicy(min_named=80))
        [face] = detector.find(picture(60), thorough=True)
        assert (face.quality.size, face.quality.overall) == (0.0, 0.0)

    def test_threads_may_share_a_detector(self, detector: FaceDetector) -> None:
        """Looks from several threads at once give what they give one after the other."""
        frames = [picture(width) for width in (90, 120, 150, 180)] * 3
        alone = [detector.find(frame, thorough=False) for frame in frames]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(lambda frame: detector.find(frame, thorough=False), frames))
        assert together == alone

    def test_a_part_of_the_frame_is_searched_as_the_whole_would_be(self, detector: FaceDetector) -> None:
        """A face inside the searched part is given in ratios of the whole frame; one outside is not found."""
        frame = picture(120)
        [whole] = detector.find(frame, thorough=False)
        [part] = detector.find(frame, thorough=False, within=whole.box.padded(0.8))
        assert part.box.iou(whole.box) > 0.7
        assert detector.find(frame, thorough=False, within=Box(0.75, 0.0, 0.25, 1.0)) == []
        assert detector.find(frame, thorough=False, within=Box(0.5, 0.5, 0.0, 0.0)) == []

    def test_a_search_that_would_cost_too_much_is_coarser(self, finder: FaceFinder) -> None:
        """With few pixels to search, a face of the same share of a large frame is found, and a small one is not."""
        detector = FaceDetector(finder, DetectPolicy(most_pixels=60_000 if finder.traits.least_face < 50 else 230_000))
        frame = np.asarray(cv2.resize(picture(180), (1920, 1080)), np.uint8)
        [face] = detector.find(frame, thorough=True)
        assert face.box.width * 1920 == pytest.approx(540, rel=0.25)
        small = np.full((1080, 1920, 3), 90, np.uint8)
        small[300:660, 600:1240] = picture(50)
        assert detector.find(small, thorough=True) == []
