"""Landmarks are placed to parts of a pixel, wherever a face is and however large."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.jpeg import to_gray
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks
from tests.support.images.portraits import collins

_BOX = (175.0, 75.0, 90.0)


@pytest.fixture(scope="module")
def model() -> LandmarkModel:
    """Returns the model."""
    return LandmarkModel()


def _off(one: Landmarks, other: Landmarks) -> float:
    """Returns how far two sets of landmarks are apart at most, in distances of the eyes."""
    return float(np.abs(one - other).max() / np.hypot(*(one[1] - one[0])))


def _moved(gray: Gray, scale: float, right: float, down: float) -> Gray:
    matrix = np.array([[scale, 0.0, right], [0.0, scale, down]])
    return np.asarray(cv2.warpAffine(gray, matrix, (900, 900), flags=cv2.INTER_AREA), np.uint8)


def test_eyes_and_nose_are_where_they_are(model: LandmarkModel) -> None:
    """The eye on the left, the one on the right, and the base of the nose between and below them."""
    left, right, nose = model.place(to_gray(collins()), *_BOX)
    assert left == pytest.approx((204, 102), abs=4)
    assert right == pytest.approx((246, 104), abs=4)
    assert nose == pytest.approx((224, 134), abs=4)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7, 3.0])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (10.4, -20.3)])
def test_they_move_and_grow_with_the_face(model: LandmarkModel, scale: float, shift: tuple[float, float]) -> None:
    """A face at another place and size has its landmarks there, to three hundredths of the distance of the eyes."""
    gray = to_gray(collins())
    there = model.place(gray, *_BOX) * scale + np.array(shift)
    left, top, side = (scale * edge for edge in _BOX)
    found = model.place(_moved(gray, scale, *shift), left + shift[0], top + shift[1], side)
    assert _off(there, found) < 0.03


def test_a_box_in_whole_pixels_is_good_enough(model: LandmarkModel) -> None:
    """Boxes of small pictures are off by some pixels of the frame; what is placed from them hardly moves."""
    gray = to_gray(collins())
    left, top, side = _BOX
    exact = model.place(gray, left, top, side)
    for right, down, wider in ((2, 0, 0), (-2, 1, 0), (0, -2, 2), (1, 1, -2)):
        assert _off(exact, model.place(gray, left + right, top + down, side + wider)) < 0.06


@pytest.mark.parametrize("box", [(-60.0, -60.0, 90.0), (480.0, 490.0, 90.0), (100.0, 100.0, 1.0)])
def test_a_face_over_the_edge_does_no_harm(model: LandmarkModel, box: tuple[float, float, float]) -> None:
    """Landmarks of a box that reaches over the picture are guessed, and are numbers."""
    assert np.isfinite(model.place(to_gray(collins()), *box)).all()
