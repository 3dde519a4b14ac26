"""Cuts a face out so that its eyes and nose lie where a network expects them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.landmarks import nose_base
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from portero_server.vision.quality import Landmarks

_TEMPLATE_SIDE = 112
# What networks of the ArcFace family were trained on has these at 112 x 112: eyes, tip of the nose, mouth corners.
_EYES = ((38.2946, 51.6963), (73.5318, 51.5014))
_NOSE_TIP = np.array([56.0252, 71.7366])
_MOUTH = np.array([[41.5493, 92.3655], [70.7299, 92.2041]])
# A picture reduced by more than this is averaged first, else it would be sampled, and noise and sway with it.
_MOST_REDUCED = 0.5


def to_rgb(image: Pixels) -> Pixels:
    """Returns an image, BGR, as dlib and networks want it: contiguous, RGB."""
    return np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def template(side: int) -> Landmarks:
    """Returns where the points of an aligned face lie in a square of that many pixels."""
    # Of pixels the middles count, so that a point stays where it is in a picture of another size.
    return (np.array([*_EYES, nose_base(_NOSE_TIP, _MOUTH)]) + 0.5) * (side / _TEMPLATE_SIDE) - 0.5


def aligned(image: Pixels, points: Landmarks, side: int) -> Pixels:
    """Returns a face turned, scaled and moved onto the template, without being sheared or mirrored.

    Args:
        image: Height x width x 3.
        points: Landmarks of the face in the image.
        side: Width and height of what is returned, pixels; black where the image ends.
    """
    move = similarity_transform(points, template(side))
    scale = float(np.hypot(move[0, 0], move[1, 0]))
    if 0.0 < scale < _MOST_REDUCED:
        factor = 1.0 / np.floor(1.0 / scale)
        height, width = (max(1, round(edge * factor)) for edge in image.shape[:2])
        ratios = np.array([width / image.shape[1], height / image.shape[0]])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        move = similarity_transform((points + 0.5) * ratios - 0.5, template(side))
    return np.asarray(cv2.warpAffine(image, move, (side, side), flags=cv2.INTER_LINEAR), np.uint8)


def similarity_transform(source: Landmarks, target: Landmarks) -> NDArray[np.float64]:
    """Returns the turn, scale and shift, 2 x 3, that bring points nearest to others, in the sense of least squares."""
    # In the complex plane a turn with a scale is one factor, so that the fit is a line's.
    origin, goal = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    spread = origin - origin.mean()
    factor = np.vdot(spread, goal - goal.mean()) / max(float(np.vdot(spread, spread).real), 1e-9)
    shift = goal.mean() - factor * origin.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])
