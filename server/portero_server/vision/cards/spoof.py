"""Signs in the pixels that a card or a face is a picture of one. Each may be wrong: they raise suspicion, no more.

Left out on purpose is what could not be shown to work on footage of our own: moiré of screens, print dots and texture
networks. A stream's JPEG coding removes the first two at the size of a card in a frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels

SAME_PICTURE = "same_picture"
"""The cue: the live face is the very photograph that the card bears, as when it was printed large."""
FRAMED = "framed"
"""The cue: the card lies in an even frame with edges of its own, or was found with one, as on a phone's screen or a
photocopy."""
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
_ALONG = np.linspace(0.15, 0.85, _RAYS)
"""Where the rays begin, in lengths of a side."""
_RIM_REACH = 0.3
"""How far a rim is followed inward, in heights of the outline."""
_RIM_NEAR = (0.015, 0.035)
"""The part of a rim whose level is taken, in heights of the outline."""
_RIM_EVEN = 10.0
"""Most standard deviation of a rim, gray levels. Rims of phones have at most 5, unless something covers them."""
_RIM_ENDED, _RIM_STRAIGHT, _RIM_STEP = 0.9, 0.012, 60.0
"""Share of the rays that meet a rim's edge, its most deviation from a line in heights of the outline, and the least
step behind it in gray levels. Phones reach 1.0, 0.001 and 170. Of 295 pictures of cards, at all degradations, none has
a rim on more than one side; of 42 pictures of cards on a phone that have no frame beyond the outline, 33 have one on
three or four."""


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
    """Returns whether a card lies in a frame: an even band along its sides, bounded by straight edges.

    The band may lie within the outline too: of a card on a screen, the outline that was found is often the device's.

    Args:
        frame: The whole picture, BGR.
        corners: The outline's, 4 x 2 in pixels, clockwise from the upper left.
    """
    gray = np.asarray(cv2.GaussianBlur(_gray(frame), (3, 3), 0), dtype=np.float32)
    edges = [corners[(side + 1) % _SIDES] - corners[side] for side in range(_SIDES)]
    height = float(min(np.hypot(*edge) for edge in edges))
    if height < 1:
        return False
    sides = list(zip(corners, edges, strict=True))
    return _is_framed(gray, sides, height) or _has_rim(gray, sides, height)


_Sides = Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Where each side of an outline begins, and the way to its end."""


def _is_framed(gray: NDArray[np.float32], sides: _Sides, height: float) -> bool:
    """Returns whether there is a frame beyond all four sides."""
    levels = []
    for start, edge in sides:
        level = _frame_level(gray, start, edge, height)
        if level is None:
            return False
        levels.append(level)
    # The frame is of one thing: a screen's black, or the white of a sheet.
    return max(levels) - min(levels) < 2 * _EDGE


def _frame_level(
    gray: NDArray[np.float32], start: NDArray[np.float64], edge: NDArray[np.float64], height: float
) -> float | None:
    """Returns the gray level of the frame beyond one side of the card, or None if there is none."""
    distances = np.linspace(0.02, _REACH, _STEPS)
    values, inside = _rays(gray, start, edge, distances * height)
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
    widths = distances[first[bounded]]
    deviation = np.abs(widths - _line(_ALONG[bounded], widths))
    if float(np.median(deviation)) > _STRAIGHT or not _NARROWEST <= float(np.median(widths)) <= _WIDEST:
        return None
    return level


def _has_rim(gray: NDArray[np.float32], sides: _Sides, height: float) -> bool:
    """Returns whether an outline has a rim of its own on at least three sides, as a device's screen has."""
    return sum(_is_rim(gray, start, edge, height) for start, edge in sides) >= _SIDES - 1


def _is_rim(gray: NDArray[np.float32], start: NDArray[np.float64], edge: NDArray[np.float64], height: float) -> bool:
    """Returns whether there is an even band within one side, with a straight edge all along, and another level behind.

    A card has no such band: its ground is patterned, and what is printed begins at different depths.
    """
    distances = np.linspace(0.01, _RIM_REACH, _STEPS)
    values, _ = _rays(gray, start, edge, -distances * height)
    near = values[:, (distances >= _RIM_NEAR[0]) & (distances <= _RIM_NEAR[1])]
    level = float(np.median(near))
    if float(near.std()) > _RIM_EVEN:
        return False
    left = np.abs(values - level) > _EDGE
    # At the very edge the ground behind shines in.
    left[:, distances < _RIM_NEAR[0]] = False
    ended = left.any(axis=1)
    if ended.sum() < _RAYS * _RIM_ENDED:
        return False
    first = np.argmax(left, axis=1)[ended]
    behind = values[ended, np.minimum(first + 3, _STEPS - 1)]
    widths = distances[first]
    deviation = float(np.median(np.abs(widths - _line(_ALONG[ended], widths))))
    return (
        deviation <= _RIM_STRAIGHT
        and float(np.median(widths)) >= _NARROWEST
        and abs(float(np.median(behind)) - level) >= _RIM_STEP
    )


def _rays(
    gray: NDArray[np.float32], start: NDArray[np.float64], edge: NDArray[np.float64], distances: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Returns the gray levels along rays from one side, rays x distances, and which lie in the picture.

    Args:
        gray: The picture.
        start: Where the side begins.
        edge: The way to its end.
        distances: From the side, pixels; positive outward, negative inward.
    """
    outward = np.array([edge[1], -edge[0]]) / max(float(np.hypot(*edge)), 1e-9)
    points = start + _ALONG[:, None, None] * edge + distances[None, :, None] * outward
    x, y = np.rint(points[..., 0]).astype(int), np.rint(points[..., 1]).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < gray.shape[1]) & (y < gray.shape[0])
    return gray[np.clip(y, 0, gray.shape[0] - 1), np.clip(x, 0, gray.shape[1] - 1)], inside


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
