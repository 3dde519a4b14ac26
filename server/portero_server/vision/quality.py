"""Scores how well a face can be recognized, from its pixels and three landmarks.

The constants were set on real footage: each score begins to fall where the distance between the face's embedding and
that of a portrait of the same person begins to rise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FaceQuality
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray

Landmarks = NDArray[np.float64]
"""Three points of a face, 3 x 2, (x, y) in pixels: the eye at the left of the image, the eye at its right, the base of
the nose."""

# The encoder gets faces scaled until the eyes are about 40 pixels apart, so a larger face tells it nothing more.
_ENOUGH_EYE_DISTANCE = 40.0
# How far the nose is beside the middle of the eyes in profiles, in eye distances.
_MAX_TURN = 0.6
# How far the nose is below the eyes, in eye distances: between the inner two for people who look straight ahead, beyond
# the outer two for those who look up or down too far.
_TILT = (0.2, 0.5, 1.1, 1.6)
# Mean gray level of the face: well lit between the inner two, too dark or too bright to recognize beyond the outer two.
_LIGHT = (10.0, 60.0, 200.0, 250.0)
# Variance of the Laplacian over that of the image at which sharpness is 0.5: faces out of focus had 0.01, sharp ones
# 0.05 to 0.17.
_HALF_SHARP = 0.03
# Variance of gray levels that noise alone causes: added to that of the image, so that noise on an even ground does not
# count as sharp.
_NOISE_VARIANCE = 25.0
# Pixels: sharpness is measured at one size, since large faces have flatter edges and would look blurred.
_FACE_SIDE = 64


def face_quality(face: Gray, landmarks: Landmarks, *, nameable: bool = True) -> FaceQuality:
    """Returns the quality scores of a face, each 0..1.

    - size: distance between the eyes divided by 40 pixels, at most 1; 0 for a face too small to be named, so that no
    shot of it is sent.

    - frontality: 1 if the nose is under the middle of the eyes, falling to 0 at 0.6 eye distances beside it; multiplied
    by 1 for a nose 0.5 to 1.1 eye distances below the eyes, falling to 0 at 0.2 and at 1.6. Leaning the head to a side
    costs nothing, since encoders turn faces upright.

    - sharpness: as `sharpness` scores the face at 64 x 64 pixels.

    - brightness: 1 for a mean gray of 60 to 200, falling to 0 at 10 and at 250.

    Args:
        face: The region of the face, with at least one pixel.
        landmarks: In pixels of the same size; only their differences count, so the origin may be anywhere.
        nameable: Whether the face is large enough to be named.
    """
    eyes, turn, tilt = _pose(landmarks)
    resized = np.asarray(cv2.resize(face, (_FACE_SIDE, _FACE_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    return FaceQuality(
        size=min(1.0, eyes / _ENOUGH_EYE_DISTANCE) if nameable else 0.0,
        frontality=max(0.0, 1.0 - abs(turn) / _MAX_TURN) * _plateau(tilt, _TILT),
        sharpness=sharpness(resized),
        brightness=_plateau(float(face.mean()), _LIGHT),
    )


def sharpness(gray: Gray) -> float:
    """Returns how sharp an image is at its own resolution, 0..1; comparable between images of one size.

    The measure is the variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
    2000). A light blur before removes sensor noise; dividing by the variance of the image keeps dim light from passing
    for blur.
    """
    denoised = cv2.GaussianBlur(gray, (3, 3), 0)
    edges = float(cv2.Laplacian(denoised, cv2.CV_32F).var())
    ratio = edges / (float(gray.var()) + _NOISE_VARIANCE)
    return ratio / (ratio + _HALF_SHARP)


def _pose(landmarks: Landmarks) -> tuple[float, float, float]:
    """Returns the distance between the eyes, pixels, and how far the nose is beside and below their middle, over it.

    Eyes at one point, as a poor guess at landmarks may have them, count as a profile.
    """
    left, right, nose = landmarks
    across = right - left
    eyes = float(np.hypot(*across))
    if eyes == 0.0:
        return 0.0, _MAX_TURN, 0.0
    across = across / eyes
    offset = nose - (left + right) / 2
    return eyes, float(offset @ across) / eyes, float(offset[1] * across[0] - offset[0] * across[1]) / eyes


def _plateau(value: float, corners: tuple[float, float, float, float]) -> float:
    """Returns 1 between the inner corners, falling to 0 at the outer ones."""
    return float(np.interp(value, corners, (0.0, 1.0, 1.0, 0.0)))
