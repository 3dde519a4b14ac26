"""How well a face can be recognized, estimated from its pixels and three landmarks.

The constants were set on real footage: each score drops where the encoder's distance to a portrait of the same person
begins to rise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.detections import FaceQuality
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray

Landmarks = NDArray[np.float64]
"""Three points of a face, 3 x 2 (x, y) pixels: the eye on the image's left, the eye on its right, the base of the
nose."""

# The encoder sees faces scaled to eyes about 40 pixels apart; more pixels tell it nothing more.
_ENOUGH_EYE_DISTANCE = 40.0
# Nose beside the middle of the eyes, in eye distances: profiles reach this.
_MAX_TURN = 0.6
# Nose below the eyes, in eye distances: people measured upright lie between the inner two.
_TILT = (0.2, 0.5, 1.1, 1.6)
# Mean gray level of the face.
_LIGHT = (10.0, 60.0, 200.0, 250.0)
# Normalized variance of the Laplacian that scores one half: out-of-focus faces had 0.01, sharp ones 0.05 to 0.17.
_HALF_SHARP = 0.03
# Gray-level variance of noise alone, so that an even region does not count as sharp.
_NOISE_VARIANCE = 25.0
# Faces are judged at one size, else large ones would always look blurred.
_FACE_SIDE = 64


def face_quality(face: Gray, landmarks: Landmarks, *, nameable: bool = True) -> FaceQuality:
    """Returns the quality scores of a face, each 0..1.

    - size: distance of the eyes over 40 pixels; 0 for a face too small to be named, so that no shot of it is sent.

    - frontality: 1 if the nose is under the middle of the eyes, 0 if it is 0.6 eye distances beside it; multiplied by
    the same for looking up or down. Tilting the head to a side costs nothing, since encoders turn faces upright.

    - sharpness: see `sharpness`, of the face at 64 x 64 pixels.

    - brightness: 1 for a mean gray of 60 to 200, falling to 0 at 10 and at 250.

    Args:
        face: The face's region, not empty.
        landmarks: In pixels of the same image; where its origin is does not matter.
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
    """Scores how sharp an image is at its own resolution, 0..1; comparable between images of one size.

    The variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", 2000),
    after a light blur against sensor noise, divided by the image's own variance so that dim light does not
    pass for blur.
    """
    calm = cv2.GaussianBlur(gray, (3, 3), 0)
    edges = float(cv2.Laplacian(calm, cv2.CV_32F).var())
    ratio = edges / (float(gray.var()) + _NOISE_VARIANCE)
    return ratio / (ratio + _HALF_SHARP)


def _pose(landmarks: Landmarks) -> tuple[float, float, float]:
    """Returns the eyes' distance in pixels, and turn and tilt of the head in eye distances."""
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
