"""Signs in the pixels that a card or a face is a picture of one. Each may be wrong: they raise suspicion, no more.

Left out on purpose is what could not be shown to work on footage of our own: moiré of screens, print dots and texture
networks. A stream's JPEG coding removes the first two at the size of a card in a frame.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels

SAME_PICTURE = "same_picture"
"""The cue: the live face is the very photograph that the card bears, as when it was printed large."""
FRAMED = "framed"
"""The cue: the card lies in an even frame with edges of its own, as on a phone's screen or a photocopy."""
SUSPICIONS = {SAME_PICTURE: 1.0, FRAMED: 0.8}
"""How strongly each cue speaks, 0..1."""

_SAME = 0.88
"""Correlation of two aligned faces from which they are one photograph. Copies of one, printed, blurred and noisy, reach
0.84 to 0.98 here; different people at most 0.76, a face and its mirror image 0.71."""
_LIVE_WIDTH = 160
_PORTRAIT_WIDTHS = range(44, 104, 6)
_TURNS = (-8.0, -4.0, 0.0, 4.0, 8.0)
_CORE = (0.30, 0.75, 0.28, 0.72)
"""The part of a crop with 0.6 face sizes around the face that is face alone: top, bottom, left and right."""

_RAYS = 15
_STEPS = 60
_REACH = 0.9
"""How far is looked beyond the card's edges, in its height."""
_EVEN = 14.0
"""Most standard deviation, in gray levels, of an even frame."""
_EDGE = 30.0
"""Change in gray levels that ends the frame."""
_NARROWEST, _WIDEST = 0.03, 0.8
"""Widths of a frame, in card heights. Anything narrower is the shadow or the rim of a card."""
_STRAIGHT = 0.04
"""Most deviation of the frame's outer edge from a straight line, in card heights."""
_ENDED = 0.6
"""Share of the rays that must meet an edge: what is behind may be as dark, or as light, in places."""
_SIDES = 4


def same_picture(portrait: Pixels, live: Pixels) -> bool:
    """Returns whether a live face is the photograph that a card bears; both are crops as `crop_face` makes them."""
    return picture_likeness(portrait, live) >= _SAME


def picture_likeness(portrait: Pixels, live: Pixels) -> float:
    """Returns the largest correlation of the portrait's face with any part of the live picture, -1..1."""
    face, scene = _gray(portrait), _gray(live)
    height, width = face.shape
    top, bottom, left, right = _CORE
    core = face[int(height * top) : int(height * bottom), int(width * left) : int(width * right)]
    if min(core.shape) < 8 or min(scene.shape) < 8:
        return 0.0
    scene = _resized(scene, _LIVE_WIDTH)
    best = -1.0
    for turn in _TURNS:
        turned = _turned(scene, turn)
        for size in _PORTRAIT_WIDTHS:
            sought = cv2.GaussianBlur(_resized(core, size), (3, 3), 0)
            if sought.shape[0] <= turned.shape[0] and sought.shape[1] <= turned.shape[1]:
                best = max(best, float(cv2.matchTemplate(turned, sought, cv2.TM_CCOEFF_NORMED).max()))
    return best


def framed(frame: Pixels, corners: NDArray[np.float64]) -> bool:
    """Returns whether a card lies in a frame: even on all four sides, and bounded by straight edges.

    Args:
        frame: The whole picture, BGR.
        corners: The card's, 4 x 2 in pixels, clockwise from the upper left.
    """
    gray = np.asarray(cv2.GaussianBlur(_gray(frame), (3, 3), 0), dtype=np.float32)
    edges = [corners[(side + 1) % _SIDES] - corners[side] for side in range(_SIDES)]
    height = float(min(np.hypot(*edge) for edge in edges))
    if height < 1:
        return False
    levels = []
    for side, edge in enumerate(edges):
        level = _frame_level(gray, corners[side], edge, height)
        if level is None:
            return False
        levels.append(level)
    # The frame is of one thing: a screen's black, or the white of a sheet.
    return max(levels) - min(levels) < 2 * _EDGE


def _frame_level(
    gray: NDArray[np.float32], start: NDArray[np.float64], edge: NDArray[np.float64], height: float
) -> float | None:
    """Returns the gray level of the frame beside one edge of the card, or None if there is none."""
    length = float(np.hypot(*edge))
    outward = np.array([edge[1], -edge[0]]) / max(length, 1e-9)
    along = np.linspace(0.15, 0.85, _RAYS)
    distances = np.linspace(0.02, _REACH, _STEPS) * height
    points = start + along[:, None, None] * edge + distances[None, :, None] * outward
    x, y = np.rint(points[..., 0]).astype(int), np.rint(points[..., 1]).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < gray.shape[1]) & (y < gray.shape[0])
    values = gray[np.clip(y, 0, gray.shape[0] - 1), np.clip(x, 0, gray.shape[1] - 1)]
    near = values[:, : max(2, int(_STEPS * _NARROWEST / _REACH) + 1)]
    level = float(np.median(near))
    if float(near.std()) > _EVEN:
        return None
    left = ~inside | (np.abs(values - level) > _EDGE)
    first = np.argmax(left, axis=1)
    ended = left.any(axis=1)
    rows = np.arange(_RAYS)
    # Where the picture ends first, the frame may go on for ever: a dark table is no screen.
    bounded = ended & inside[rows, first]
    if bounded.sum() < _RAYS * _ENDED:
        return None
    widths = distances[first[bounded]] / height
    where = along[bounded]
    deviation = np.abs(widths - _line(where, widths))
    if float(np.median(deviation)) > _STRAIGHT or not _NARROWEST <= float(np.median(widths)) <= _WIDEST:
        return None
    return level


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the heights at x of a line through most of the points: the median of all slopes (Theil and Sen)."""
    first, second = np.triu_indices(len(x), 1)
    slope = float(np.median((y[second] - y[first]) / (x[second] - x[first])))
    return slope * x + float(np.median(y - slope * x))


def _gray(pixels: Pixels) -> Gray:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _resized(gray: Gray, width: int) -> Gray:
    height = max(1, round(gray.shape[0] * width / gray.shape[1]))
    return np.asarray(cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _turned(gray: Gray, degrees: float) -> Gray:
    if not degrees:
        return gray
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(gray, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
