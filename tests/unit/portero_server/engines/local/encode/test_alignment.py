"""Cutting faces out so that eyes and nose lie where a network expects them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from portero_server.engines.local.encode.alignment import aligned, similarity_transform, template, to_rgb
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.images.portraits import COLLINS_FACE, HOPPER_FACE, collins, hopper


def marked(points: NDArray[np.float64], radius: float, side: int) -> Pixels:
    """Draws a soft red, green and blue dot at the points, in this order, on black."""
    rows, columns = np.mgrid[0:side, 0:side]
    planes = [255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2)) for x, y in points]
    return np.stack(planes, axis=2).astype(np.uint8)


def middles(picture: Pixels) -> NDArray[np.float64]:
    """Returns where the dots are."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    weights = picture.astype(np.float64)
    return np.array([[(columns * w).sum() / w.sum(), (rows * w).sum() / w.sum()] for w in np.moveaxis(weights, 2, 0)])


@given(st.floats(-math.pi, math.pi), st.floats(0.05, 20.0), st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_turn_a_scale_and_a_shift_are_found(turn: float, scale: float, right: float, down: float) -> None:
    """Points that were turned, scaled and shifted are brought back exactly."""
    cosine, sine = scale * math.cos(turn), scale * math.sin(turn)
    moved = template(112) @ np.array([[cosine, sine], [-sine, cosine]]) + (right, down)
    back = similarity_transform(moved, template(112))
    assert np.allclose(moved @ back[:, :2].T + back[:, 2], template(112), atol=1e-6)


def test_a_mirrored_face_is_not_mirrored_back() -> None:
    """A face is turned and scaled only: its mirror image would be another one's."""
    mirrored = template(112) * (-1, 1)
    found = similarity_transform(mirrored, template(112))
    assert np.linalg.det(found[:, :2]) > 0


def test_points_that_are_one_do_no_harm() -> None:
    """Landmarks that fall together leave a picture without a face, and no fault."""
    assert aligned(hopper(), np.full((3, 2), 50.0), 112).shape == (112, 112, 3)


@pytest.mark.parametrize("degrees", [0.0, 25.0, -60.0])
@pytest.mark.parametrize("scale", [0.6, 1.0, 2.7, 6.3])
def test_eyes_and_nose_come_to_lie_on_the_template(scale: float, degrees: float) -> None:
    """Whatever the size and lean of a face, its eyes and nose lie within a third of a pixel of where they should."""
    middle = 56.0 * scale * 1.5
    turn = cv2.getRotationMatrix2D((56.0, 56.0), degrees, scale)
    points = (template(112) @ turn[:, :2].T + turn[:, 2]) + (middle - 56.0)
    picture = marked(points, 2.0 * scale, int(2 * middle) + 1)
    assert np.abs(middles(aligned(picture, points, 112)) - template(112)).max() < 0.33


def test_the_template_is_that_of_the_family() -> None:
    """Eyes lie a third and two thirds across and at 46 % of the height, in a square of every size."""
    left, right, nose = template(112)
    assert (left, right) == (pytest.approx((38.2946, 51.6963)), pytest.approx((73.5318, 51.5014)))
    assert left[0] < nose[0] < right[0]
    assert 71.7 < nose[1] < 92.2
    assert (template(224) + 0.5) / 2 - 0.5 == pytest.approx(template(112))


@pytest.mark.parametrize(("portrait", "face"), [(collins, COLLINS_FACE), (hopper, HOPPER_FACE)])
def test_landmarks_of_a_portrait_fit_the_template(portrait: object, face: object) -> None:
    """Dlib's eyes and base of the nose, moved onto the template, miss it by less than a twelfth of their distance."""
    assert callable(portrait)
    rgb = to_rgb(portrait())
    points = LandmarkModel().find(rgb, face)  # type: ignore[arg-type]
    move = similarity_transform(points, template(112))
    assert np.abs(points @ move[:, :2].T + move[:, 2] - template(112)).max() < 35.0 / 12
