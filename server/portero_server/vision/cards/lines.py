"""Straight lines in a picture, where they cross, and the quadrilaterals that four of them make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

Corners = NDArray[np.float64]
"""Four corners, 4 x 2 (x, y) pixels, clockwise; the first two are the ends of the upper long edge."""

_MOST_LINES = 9
"""Lines of each direction, the longest: a card's edges, and those of what lies beside and on it."""
_PARALLEL = np.deg2rad(22.0)
"""How far perspective turns opposite edges from each other, at most."""
_SAME_ANGLE, _SAME_PLACE = np.deg2rad(3.0), 5.0
"""Segments that differ by less, in pixels too, are parts of one line."""
_SHORTEST = 0.09
"""Length of the shortest segment, in longer sides of the picture."""


@dataclass(frozen=True, slots=True)
class StraightLine:
    """A line of a picture: a point on it, its direction, and how much of it is seen, pixels."""

    point: NDArray[np.float64]
    direction: NDArray[np.float64]
    length: float

    @property
    def angle(self) -> float:
        """Its direction, radians from 0 to pi."""
        return float(np.arctan2(self.direction[1], self.direction[0]) % np.pi)

    def away(self, point: NDArray[np.float64]) -> float:
        """Returns the distance of a point from it, pixels."""
        x, y = point - self.point
        return abs(float(x * self.direction[1] - y * self.direction[0]))


def ordered(corners: Corners) -> Corners:
    """Returns corners clockwise, from the left end of the upper long edge."""
    middle = corners.mean(axis=0)
    turned = corners[np.argsort(np.arctan2(*(corners - middle).T[::-1]))]
    sides = np.hypot(*(np.roll(turned, -1, axis=0) - turned).T)
    if sides[0] + sides[2] < sides[1] + sides[3]:
        turned = np.roll(turned, -1, axis=0)
    # The long edges are now 0-1 and 2-3; the upper one, or of an upended card the left one, comes first.
    upper = turned[:2].mean(axis=0), turned[2:].mean(axis=0)
    across = np.abs(upper[0] - upper[1])
    lower_first = upper[0][1] > upper[1][1] if across[1] >= across[0] else upper[0][0] < upper[1][0]
    return np.roll(turned, -2, axis=0) if lower_first else turned


def crossing(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns where two lines (x, y, dx, dy) cross; far away where they hardly do."""
    (x0, y0, dx0, dy0), (x1, y1, dx1, dy1) = first, second
    across = dx0 * dy1 - dy0 * dx1
    if abs(across) < 1e-6:
        return np.array([np.inf, np.inf])
    share = ((x1 - x0) * dy1 - (y1 - y0) * dx1) / across
    return np.array([x0 + share * dx0, y0 + share * dy0])


def mended(corners: Corners, lines: Sequence[StraightLine], shape: Sequence[int]) -> Iterator[Corners]:
    """Yields a quadrilateral with one of its sides replaced by a line, as where something touches that side.

    Args:
        corners: See `Corners`.
        lines: See `find_lines`.
        shape: Height and width of the picture.
    """
    sides = [_through(start, end) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    for place, side in enumerate(sides):
        before, after = sides[place - 1], sides[(place + 1) % 4]
        for line in lines:
            if _between(line.angle, side.angle) > _PARALLEL:
                continue
            moved = corners.copy()
            moved[place], moved[(place + 1) % 4] = _meet(before, line), _meet(line, after)
            if np.isfinite(moved).all() and _reasonable(moved, shape):
                yield ordered(moved)


def line_quadrilaterals(lines: Sequence[StraightLine], shape: Sequence[int]) -> Iterator[Corners]:
    """Yields the quadrilaterals that two pairs of nearly parallel lines make, whatever is between their ends.

    Args:
        lines: See `find_lines`.
        shape: Height and width of the picture.
    """
    if not lines:
        return
    # The longest line is an edge of something; the card's other edges go along it or across it.
    first = lines[0].angle
    along = [line for line in lines if _between(line.angle, first) <= _PARALLEL][:_MOST_LINES]
    across = [line for line in lines if _between(line.angle, first) >= np.pi / 2 - _PARALLEL][:_MOST_LINES]
    for one, other in combinations(along, 2):
        for left, right in combinations(across, 2):
            corners = np.array([_meet(one, left), _meet(one, right), _meet(other, right), _meet(other, left)])
            if np.isfinite(corners).all() and _reasonable(corners, shape):
                yield ordered(corners)


def find_lines(lab: Pixels) -> list[StraightLine]:
    """Returns the straight lines of a picture, the longest first.

    Args:
        lab: Height x width x 3, L*a*b*.
    """
    edges = np.zeros(lab.shape[:2], np.uint8)
    for channel, low, high in zip(cv2.split(lab), (16, 7, 7), (48, 21, 21), strict=True):
        edges |= np.asarray(cv2.Canny(channel, low, high), dtype=np.uint8)
    shortest = _SHORTEST * max(lab.shape[:2])
    found = cv2.HoughLinesP(edges, 1, np.pi / 360, 40, minLineLength=shortest, maxLineGap=8)
    segments = np.empty((0, 4)) if found is None else np.asarray(found, dtype=np.float64).reshape(-1, 4)
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    lines: list[StraightLine] = []
    for index in np.argsort(-lengths)[:150]:
        start, end = segments[index, :2], segments[index, 2:]
        line = StraightLine((start + end) / 2, (end - start) / lengths[index], float(lengths[index]))
        place = next((place for place, known in enumerate(lines) if _same(known, line)), None)
        if place is None:
            lines.append(line)
        else:
            known = lines[place]
            lines[place] = StraightLine(known.point, known.direction, known.length + line.length)
    return sorted(lines, key=lambda line: -line.length)


def _through(start: NDArray[np.float64], end: NDArray[np.float64]) -> StraightLine:
    length = max(float(np.hypot(*(end - start))), 1e-6)
    return StraightLine(start, (end - start) / length, length)


def _same(known: StraightLine, line: StraightLine) -> bool:
    return _between(known.angle, line.angle) <= _SAME_ANGLE and known.away(line.point) <= _SAME_PLACE


def _between(first: float, second: float) -> float:
    apart = abs(first - second) % np.pi
    return min(apart, np.pi - apart)


def _meet(first: StraightLine, second: StraightLine) -> NDArray[np.float64]:
    return crossing(np.concatenate([first.point, first.direction]), np.concatenate([second.point, second.direction]))


def _reasonable(corners: Corners, shape: Sequence[int]) -> bool:
    """Returns whether corners lie in the picture, or hardly outside, and are apart."""
    height, width = shape
    low, high = corners.min(axis=0), corners.max(axis=0)
    inside = low[0] >= -0.05 * width and low[1] >= -0.05 * height
    inside = inside and high[0] <= 1.05 * width and high[1] <= 1.05 * height
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return bool(inside and sides.min() >= 0.12 * min(height, width) and cv2.isContourConvex(corners.astype(np.float32)))
