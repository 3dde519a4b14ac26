"""Scoring faces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from portero_server.vision.jpeg import to_gray
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks, face_quality, sharpness
from tests.support.images.portraits import hopper

_FACE = to_gray(hopper())[130:340, 160:370]


def _landmarks(eyes: float = 40.0, *, turn: float = 0.0, tilt: float = 0.8, lean: float = 0.0) -> Landmarks:
    """Places three points: eyes so far apart, the nose beside and below their middle in eye distances."""
    half = eyes / 2
    points = [(-half, 0), (half, 0), (turn * eyes, tilt * eyes)]
    turned = np.array([[np.cos(lean), -np.sin(lean)], [np.sin(lean), np.cos(lean)]])
    return np.asarray(np.asarray(points) @ turned.T + 100, np.float64)


def test_a_good_portrait_scores_high() -> None:
    """A sharp, lit face that looks at the camera scores well in everything."""
    quality = face_quality(_FACE, _landmarks(80))
    assert min(quality.size, quality.frontality, quality.sharpness, quality.brightness) > 0.7


@given(st.floats(1, 39), st.floats(0.01, 1))
def test_a_smaller_face_scores_less_in_size(eyes: float, less: float) -> None:
    """Fewer pixels between the eyes mean a lower size, up to where more tell nothing."""
    smaller = face_quality(_FACE, _landmarks(eyes - less)).size
    assert smaller < face_quality(_FACE, _landmarks(eyes)).size < face_quality(_FACE, _landmarks(60)).size == 1.0


def test_a_face_too_small_to_be_named_scores_nothing() -> None:
    """Its size is zero, and with it the whole, so that no shot of it is good enough to be sent."""
    quality = face_quality(_FACE, _landmarks(80), nameable=False)
    assert (quality.size, quality.overall) == (0.0, 0.0)
    assert quality.frontality > 0.7


@given(st.floats(0, 0.5), st.floats(0.01, 0.2), st.sampled_from([-1, 1]))
def test_a_face_turned_further_scores_less(turn: float, more: float, side: int) -> None:
    """The further the nose is beside the eyes' middle, on either side, the lower the frontality."""
    nearer = face_quality(_FACE, _landmarks(turn=side * turn)).frontality
    assert face_quality(_FACE, _landmarks(turn=side * (turn + more))).frontality < nearer


@pytest.mark.parametrize("tilt", [0.1, 1.7])
def test_a_face_looking_up_or_down_is_not_frontal(tilt: float) -> None:
    """A nose at the height of the eyes, or far below, is no frontal face."""
    assert face_quality(_FACE, _landmarks(tilt=tilt)).frontality == 0.0


@given(st.floats(-0.7, 0.7))
def test_a_leaning_head_is_as_frontal_as_an_upright_one(lean: float) -> None:
    """Leaning the head, which encoders undo, changes neither frontality nor size."""
    leaning, upright = face_quality(_FACE, _landmarks(lean=lean)), face_quality(_FACE, _landmarks())
    assert leaning.frontality == pytest.approx(upright.frontality)
    assert leaning.size == pytest.approx(upright.size)


def test_points_that_fall_together_are_no_face() -> None:
    """Degenerate landmarks score zero, and divide by nothing."""
    assert face_quality(_FACE, np.zeros((3, 2))).overall == 0.0


def test_blur_lowers_sharpness() -> None:
    """Each stronger blur scores less."""
    scores = [sharpness(_FACE)]
    scores += [sharpness(np.asarray(cv2.GaussianBlur(_FACE, (0, 0), sigma), np.uint8)) for sigma in (1, 2, 4, 8)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.2 < scores[0]


def test_dim_light_is_not_blur() -> None:
    """The same face at half the contrast is about as sharp."""
    dim = np.asarray(cv2.convertScaleAbs(_FACE, alpha=0.5), np.uint8)
    assert sharpness(dim) == pytest.approx(sharpness(_FACE), abs=0.1)


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0), (0.2, 210)], ids=["dark", "bright"])
def test_darkness_and_glare_lower_brightness(alpha: float, beta: float) -> None:
    """A face in the dark or in glaring light scores low in brightness."""
    assert (
        face_quality(np.asarray(cv2.convertScaleAbs(_FACE, alpha=alpha, beta=beta), np.uint8), _landmarks()).brightness
        < 0.6
    )


@given(
    face=arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))),
    landmarks=arrays.arrays(np.float64, (3, 2), elements=st.floats(-1e4, 1e4)),
)
def test_every_score_is_between_nothing_and_one(face: Gray, landmarks: Landmarks) -> None:
    """Whatever the pixels and points, each score is 0..1."""
    quality = face_quality(face, landmarks)
    assert all(0 <= score <= 1 for score in (quality.size, quality.frontality, quality.sharpness, quality.brightness))
