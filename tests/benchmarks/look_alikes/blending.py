"""Blends portraits: two heads laid on each other by eyes and nose, each with a share of the light."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import PhotoRefused
from portero_server.engines.local import encoder
from portero_server.engines.local.encode.resnet import TRAITS
from portero_server.engines.local.encoder import FacePatch
from portero_server.engines.local.photos import PhotoFaces
from portero_server.vision.crops import crop_face
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.landmarks import LandmarkModel
from portero_server.vision.pixels import Pixels


class Head(NamedTuple):
    """A portrait with one usable face.

    Attributes:
        pixels: Height x width x 3, BGR.
        face: Where the face is.
        vector: Its encoding.
    """

    pixels: Pixels
    face: Box
    vector: NDArray[np.float32]

    def similarity(self, other: Head) -> float:
        """Returns how alike two faces are, 0..1 on the local engine's scale."""
        return TRAITS.scale.similarity(float(np.linalg.norm(self.vector - other.vector)))


def head(pixels: Pixels) -> Head | None:
    """Returns what the local engine sees in a portrait; None: it could not be enrolled."""
    try:
        face = _judge().only(pixels).box
    except PhotoRefused:
        return None
    crop = crop_face(pixels, face)
    return Head(pixels, face, encoder.encode([FacePatch(crop.pixels, crop.face)])[0])


def blended(one: Head, other: Head, weight: float) -> Pixels:
    """Returns a picture of the size of the first, in which the other's eyes and nose are laid on those of the first.

    Args:
        one: Whose place and size the face has.
        other: Turned, scaled and moved until it fits.
        weight: The share of the first, 0..1.
    """
    height, width = one.pixels.shape[:2]
    turn = _onto(_points(other), _points(one))
    laid = cv2.warpAffine(other.pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.addWeighted(one.pixels, weight, laid, 1.0 - weight, 0.0), np.uint8)


def _points(portrait: Head) -> NDArray[np.float64]:
    return np.asarray(_landmarks().find(portrait.pixels, portrait.face), np.float64)


def _onto(points: NDArray[np.float64], targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the turn, scale and shift (2 x 3) that bring points, n x 2, nearest to their targets."""
    middle, target = points.mean(axis=0), targets.mean(axis=0)
    (x, y), (to_x, to_y) = (points - middle).T, (targets - target).T
    size = (x * x + y * y).sum()
    along, across = (x * to_x + y * to_y).sum() / size, (x * to_y - y * to_x).sum() / size
    turn = np.array([[along, -across], [across, along]])
    return np.hstack([turn, (target - turn @ middle)[:, None]])


@cache
def _judge() -> PhotoFaces:
    return PhotoFaces(DetectorOptions())


@cache
def _landmarks() -> LandmarkModel:
    return LandmarkModel()
