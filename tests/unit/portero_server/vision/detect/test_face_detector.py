"""Finding faces, whichever finder is used; what all of them must do is in contracts/detector_contract.py."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.domain.detection.geometry import Box
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.finder import FinderTraits, Image, RawFace
from portero_server.vision.opencv import cv2
from tests.support.images.portraits import collins


class _Finder:
    """Finds what it is told to, and remembers what it was shown."""

    def __init__(self, *faces: RawFace, color: bool = True, coarse: bool = False) -> None:
        self.traits = FinderTraits("fake", "fake", color, 20, 350, 40, 1_000_000, 0.6, coarse)
        self.faces = list(faces)
        self.shown: list[tuple[tuple[int, ...], float]] = []
        self.images: list[Image] = []

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        assert image.flags.c_contiguous
        self.shown.append((image.shape, min_confidence))
        self.images.append(image)
        return self.faces


def _face(left: float, top: float, side: float) -> RawFace:
    x, y = left + side / 2, top + side / 3
    landmarks = np.array([(x - side / 5, y), (x + side / 5, y), (x, y + side / 3)])
    return RawFace(left, top, side, 0.9, landmarks)


_FRAME = np.full((400, 800, 3), 120, np.uint8)


def test_boxes_are_told_in_ratios_of_the_frame() -> None:
    """What was found in a part of the frame, at another scale, is where it is in the whole."""
    detector = FaceDetector(_Finder(_face(10, 20, 30)))
    [face] = detector.find(_FRAME, thorough=True, within=Box(0.5, 0.25, 0.5, 0.75))
    scale = 20 / 44
    assert face.box.left * 800 == pytest.approx(400 + 10 / scale)
    assert face.box.top * 400 == pytest.approx(100 + 20 / scale)
    assert face.box.width * 800 == pytest.approx(30 / scale) == pytest.approx(face.box.height * 400)
    assert face.quality.size == pytest.approx(0.4 * 30 / scale / 40)


def test_a_quick_look_is_as_coarse_as_the_finder_allows() -> None:
    """Quick looks scale for the finder's face, thorough ones for the policy's, unless that has one for both."""
    finder = _Finder()
    FaceDetector(finder, DetectPolicy(min_face=25)).find(_FRAME, thorough=False)
    FaceDetector(finder, DetectPolicy(min_face=25)).find(_FRAME, thorough=True)
    FaceDetector(finder, DetectPolicy(min_face=25, quick_face=80)).find(_FRAME, thorough=False)
    assert [shape[:2] for shape, _ in finder.shown] == [(200, 400), (320, 640), (100, 200)]


@pytest.mark.parametrize("least_face", [7, 10, 20, 30, 40])
@pytest.mark.parametrize(("height", "width"), [(400, 800), (401, 799)])
def test_a_smaller_picture_looks_like_the_frame(least_face: int, height: int, width: int) -> None:
    """At any scale, and with odd sides, a pixel is nearly the mean of those in its place (mean difference, of 255)."""
    frame = cv2.resize(collins(), (width, height), interpolation=cv2.INTER_AREA)
    finder = _Finder()
    finder.traits = replace(finder.traits, least_face=least_face)
    FaceDetector(finder).find(np.asarray(frame, dtype=np.uint8), thorough=True)
    searched = finder.images[0]
    mean = cv2.resize(frame, searched.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert searched.shape[:2] == (round(height * least_face / 44), round(width * least_face / 44))
    assert np.abs(searched.astype(int) - mean.astype(int)).mean() < 6


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("frame", [_FRAME, _FRAME[:, :, 0]], ids=["color", "gray"])
def test_a_finder_gets_the_colors_it_wants(color: bool, frame: Image) -> None:
    """Gray for one that searches gray, three channels for the others, whatever the frame has."""
    finder = _Finder(color=color)
    FaceDetector(finder).find(frame, thorough=True)
    assert [len(shape) for shape, _ in finder.shown] == [3 if color else 2]


def test_what_counts_as_a_face_is_the_policys_or_the_finders() -> None:
    """The least confidence is passed on."""
    finder = _Finder()
    FaceDetector(finder).find(_FRAME, thorough=True)
    FaceDetector(finder, DetectPolicy(min_confidence=0.0)).find(_FRAME, thorough=True)
    assert [confidence for _, confidence in finder.shown] == [0.6, 0.0]


def test_a_face_outside_the_frame_is_none() -> None:
    """What a finder sees in its own padding is not told."""
    assert FaceDetector(_Finder(_face(1000, 10, 30))).find(_FRAME, thorough=True) == []


def test_a_part_without_a_pixel_is_not_searched() -> None:
    """A part of no size, or of none once scaled, is not shown to the finder."""
    finder = _Finder()
    assert FaceDetector(finder).find(_FRAME, thorough=True, within=Box(0.5, 0.5, 0.0, 0.2)) == []
    assert FaceDetector(finder).find(_FRAME[:1, :1], thorough=True) == []
    assert finder.shown == []


class _LargeFinder(_Finder):
    """Sees a large face in pieces, and a small one beside it, unless the picture is small."""

    def search(self, image: Image, min_confidence: float) -> list[RawFace]:
        super().search(image, min_confidence)
        unit = image.shape[0] / 100
        if image.shape[0] <= 300:
            return [_face(10 * unit, 10 * unit, 80 * unit)]
        parts = ((20, 30, 20), (15, 15, 75), (2, 2, 5))
        return [_face(left * unit, top * unit, side * unit) for left, top, side in parts]


def test_a_face_too_large_for_the_finder_is_one() -> None:
    """It is found in a smaller picture; what looked like faces within it is dropped, and what is beside it stays."""
    finder = _LargeFinder()
    faces = FaceDetector(finder).find(np.full((1000, 1000, 3), 120, np.uint8), thorough=True)
    assert [round(face.box.width, 2) for face in faces] == [0.8, 0.05]
    assert [shape[0] for shape, _ in finder.shown] == [455, 200]


@pytest.mark.parametrize(("side", "named"), [(31.0, False), (33.0, True)])
def test_a_face_below_the_named_size_has_no_quality(side: float, named: bool) -> None:
    """Faces under 32 pixels of the frame are found and get no score, so nobody is asked who they are."""
    scale = 20 / 44
    [face] = FaceDetector(_Finder(_face(10, 20, side * scale))).find(_FRAME, thorough=True)
    assert (face.quality.size > 0.0) is named


def test_coarse_landmarks_say_how_a_face_is_turned_and_not_what_it_looks_like() -> None:
    """The patch of a face does not depend on them, and its frontality does."""
    found = []
    for off in (0.0, 6.0):
        face = _face(80, 34, 41)
        face.landmarks[2, 0] += off
        face.landmarks[:2] += off
        [one] = FaceDetector(_Finder(face, coarse=True)).find(collins(), thorough=True)
        found.append(one)
    assert found[0].patch == found[1].patch != ()
    assert found[0].quality.frontality == pytest.approx(1.0)
    [exact] = FaceDetector(_Finder(face)).find(collins(), thorough=True)
    assert exact.patch != found[0].patch
