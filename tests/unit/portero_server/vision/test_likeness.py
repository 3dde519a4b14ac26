"""A patch of a face stays alike while the person does, and differs from another person's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from portero_server.vision.likeness import face_patch
from portero_server.vision.pixels import Gray
from portero_server.vision.quality import Landmarks

_LANDMARKS: Landmarks = np.array([[55, 60], [85, 60], [70, 80]], np.float64)


def _face(seed: int) -> Gray:
    """Draws something with the contrast of a face: a few blurred spots."""
    chance = np.random.default_rng(seed)
    spots = chance.integers(40, 220, (8, 8)).astype(np.uint8)
    return np.asarray(cv2.resize(spots, (140, 140), interpolation=cv2.INTER_CUBIC), np.uint8)


def _alike(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(np.dot(one, other))


def test_a_patch_has_mean_zero_and_length_one() -> None:
    """So that the sum of products is a correlation."""
    patch = face_patch(_face(1), _LANDMARKS)
    assert len(patch) == 256
    assert sum(patch) == pytest.approx(0.0, abs=1e-9)
    assert _alike(patch, patch) == pytest.approx(1.0)


def test_light_size_and_lean_do_not_change_it() -> None:
    """The same face darker, half as large, or leaning has nearly the same patch."""
    face = _face(1)
    patch = face_patch(face, _LANDMARKS)
    darker = cv2.convertScaleAbs(face, alpha=0.6)
    assert _alike(patch, face_patch(np.asarray(darker, np.uint8), _LANDMARKS)) > 0.99
    smaller = cv2.resize(face, (70, 70), interpolation=cv2.INTER_AREA)
    assert _alike(patch, face_patch(np.asarray(smaller, np.uint8), _LANDMARKS / 2)) > 0.9
    turn = cv2.getRotationMatrix2D((70, 70), 15, 1.0)
    leaning = cv2.warpAffine(face, turn, (140, 140), borderMode=cv2.BORDER_REPLICATE)
    points = _LANDMARKS @ turn[:, :2].T + turn[:, 2]
    assert _alike(patch, face_patch(np.asarray(leaning, np.uint8), points)) > 0.9


def test_another_face_has_another_patch() -> None:
    """Faces drawn with other seeds do not resemble each other."""
    patches = [face_patch(_face(seed), _LANDMARKS) for seed in range(6)]
    others = [_alike(one, other) for number, one in enumerate(patches) for other in patches[number + 1 :]]
    assert max(others) < 0.7


def test_what_is_no_face_has_no_patch() -> None:
    """An even picture, or eyes in one point, say nothing."""
    assert face_patch(np.full((140, 140), 90, np.uint8), _LANDMARKS) == ()
    assert face_patch(_face(1), np.zeros((3, 2))) == ()
