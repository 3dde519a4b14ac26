"""Finds the four corners of a card, or of a passport's page, in a picture.

Outlines are sought in edges and in color, on a small copy; the most card-like one is then fitted to the picture's own
edges, side by side, since a hundredth of a card decides whether small print is straight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.vision.cards.lines import Corners, crossing, find_lines, line_quadrilaterals, mended, ordered
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels

SHAPES = (85.6 / 53.98, 125.0 / 88.0)
"""Width by height of a card (ISO 7810 ID-1) and of a passport's page (ID-3)."""
_SEARCHED = 560
"""Longest side of the copy that is searched: a card's edges are sharp enough there, and print is gone."""
_LEAST_AREA = 0.06
_MOST_AREA = 0.995
_LEAST_FILL = 0.88
"""Share of a quadrilateral that its outline must cover: round corners cost 1 %, fingers on an edge more."""
_SHAPE_SPREAD = 0.14
"""How far, in logarithms, perspective bends width by height at 25 degrees."""
_LEAST_LIKENESS = 0.05
_LEAST_SCORE, _GOOD_SCORE, _SOLID = 0.36, 0.45, 0.75
"""Score from which something counts as a card, below which a second way is tried, and likeness from which it may be
small. Right outlines of bad pictures have 0.41 and more, wrong ones up to 0.39; portraits are alike by 0.5."""
_MENDED = 3
"""Outlines of which one side is replaced, the best ones."""
_INNER, _INSET = (0.35, 0.9), 0.03
"""Area of a card by that of the sheet or screen it lies on, and its distance from the edges of that, in diagonals."""
_INNER_LIKENESS, _INNER_SUPPORT = 0.6, 0.6
_REACH = 0.035
"""How far from a coarse side its edge is sought, in the length of the side."""
_ENDS = 0.1
"""Share of a side at each end that is left out: corners are round."""
_SAMPLES = 48


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a card: its corners, and how card-like it is, 0..1."""

    corners: Corners
    score: float


def find_outline(pixels: Pixels) -> Outline | None:
    """Returns the outline of the most card-like thing in a BGR picture, or None."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _SEARCHED / max(height, width))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    lab = np.asarray(cv2.cvtColor(cv2.GaussianBlur(small, (5, 5), 0), cv2.COLOR_BGR2LAB), dtype=np.uint8)
    slopes = _slopes(lab)
    candidates = [each for hull in _hulls(lab) if (each := _judged(slopes, *_quadrilateral(hull))) is not None]
    best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if best is None or best.score < _GOOD_SCORE:
        # Something touches the card, or a part of its edge is not seen: four lines may still make a card.
        lines = find_lines(lab)
        shape = lab.shape[:2]
        leading = sorted(candidates, key=lambda candidate: -candidate.score)[:_MENDED]
        quads = [quad for candidate in leading for quad in mended(candidate.corners, lines, shape)]
        quads += line_quadrilaterals(lines, shape)
        candidates += [each for quad in quads if (each := _judged(slopes, quad, 1.0)) is not None]
        best = max(candidates, key=lambda candidate: candidate.score, default=None)
    if best is None or (best.score < _LEAST_SCORE and best.solid < _SOLID):
        return None
    # Of a sheet or a screen and the card on it, the card.
    inner = [candidate for candidate in candidates if _is_card_in(candidate, best)]
    best = max(inner, key=lambda candidate: candidate.score, default=best)
    corners = _fitted(_lightness(pixels), (best.corners + 0.5) / scale - 0.5)
    return Outline(ordered(corners), min(1.0, best.score))


@dataclass(frozen=True, slots=True)
class _Candidate:
    corners: Corners
    area: float
    likeness: float
    support: float
    solid: float
    score: float


def _judged(slopes: NDArray[np.float32], quad: Corners | None, fill: float) -> _Candidate | None:
    """Returns a quadrilateral with how card-like it is; `fill` is the share of it that its outline covers."""
    if quad is None:
        return None
    area = float(cv2.contourArea(quad.astype(np.float32)) / (slopes.shape[0] * slopes.shape[1]))
    likeness = _shape_likeness(quad)
    if not _LEAST_AREA <= area <= _MOST_AREA or likeness < _LEAST_LIKENESS:
        return None
    support = _support(slopes, quad)
    # Of a card and a field on it, the card.
    solid = fill * likeness * support
    return _Candidate(quad, area, likeness, support, solid, solid * area**0.4)


def _is_card_in(inner: _Candidate, outer: _Candidate) -> bool:
    """Returns whether a candidate is a card in the middle of another; no field of a card is so large and so shaped."""
    if not _INNER[0] <= inner.area / outer.area <= _INNER[1]:
        return False
    if inner.likeness < _INNER_LIKENESS or inner.support < _INNER_SUPPORT:
        return False
    # It lies within on all four sides: what shares a side is a part of the card.
    span = float(np.hypot(*(outer.corners[0] - outer.corners[2])))
    inset = [cv2.pointPolygonTest(outer.corners.astype(np.float32), (x, y), True) for x, y in inner.corners.tolist()]
    return min(inset) >= _INSET * span


def edges_of(corners: Corners) -> NDArray[np.float64]:
    """Returns the lengths of the upper, right, lower and left edge, pixels."""
    return np.asarray(np.hypot(*(np.roll(corners, -1, axis=0) - corners).T), dtype=np.float64)


def _lightness(pixels: Pixels) -> Gray:
    return np.asarray(cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), (3, 3), 0), dtype=np.uint8)


def _slopes(lab: Pixels) -> NDArray[np.float32]:
    """Returns the gradient of all channels, of each pixel the steepest: height x width x 2 (x, y)."""
    steep = np.zeros((*lab.shape[:2], 2), np.float32)
    size = np.zeros(lab.shape[:2], np.float32)
    for channel, weight in zip(cv2.split(lab), (1.0, 1.6, 1.6), strict=True):
        x = cv2.Sobel(channel, cv2.CV_32F, 1, 0) * (weight / 4)
        y = cv2.Sobel(channel, cv2.CV_32F, 0, 1) * (weight / 4)
        here = np.hypot(x, y)
        stronger = here > size
        steep[stronger] = np.dstack([x, y])[stronger]
        size = np.maximum(size, here)
    return steep


def _hulls(lab: Pixels) -> Iterator[NDArray[Any]]:
    """Yields the convex hulls of everything large that edges or colors set apart."""
    least = _LEAST_AREA * lab.shape[0] * lab.shape[1]
    for mask in _masks(lab):
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        large = sorted((cv2.convexHull(contour) for contour in contours if len(contour) > 3), key=cv2.contourArea)
        yield from (np.asarray(hull) for hull in large[-6:] if cv2.contourArea(hull) >= least)


def _masks(lab: Pixels) -> Iterator[Gray]:
    lightness, green_red, blue_yellow = cv2.split(lab)
    cross = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    for channel, low, high in (
        (lightness, 40, 110),
        (lightness, 14, 40),
        (green_red, 8, 24),
        (blue_yellow, 8, 24),
    ):
        yield np.asarray(cv2.dilate(cv2.Canny(channel, low, high), cross), dtype=np.uint8)
    border = np.concatenate([lab[:3].reshape(-1, 3), lab[-3:].reshape(-1, 3), lab[:, :3].reshape(-1, 3)])
    border = np.concatenate([border, lab[:, -3:].reshape(-1, 3)]).astype(np.float32)
    apart = np.linalg.norm(lab.astype(np.float32) - np.median(border, axis=0), axis=2)
    distance = np.asarray(np.clip(apart * 2, 0, 255), dtype=np.uint8)
    closing = cv2.getStructuringElement(cv2.MORPH_RECT, (9, 9))
    for gray in (distance, lightness):
        _, mask = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
        # What lies beside the card and touches it in the mask is cut off, and print on it filled.
        opened = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, closing), cv2.MORPH_OPEN, closing)
        yield np.asarray(opened, dtype=np.uint8)
        if gray is lightness:
            yield np.asarray(cv2.bitwise_not(opened), dtype=np.uint8)


def _quadrilateral(hull: NDArray[Any]) -> tuple[Corners | None, float]:
    """Returns the least quadrilateral around a hull, and how much of it the hull fills."""
    if len(hull) < 4:
        return None, 0.0
    try:
        quad = cv2.approxPolyN(hull, 4, epsilon_percentage=-1.0, ensure_convex=True)
    except cv2.error:
        return None, 0.0
    corners = np.asarray(quad, dtype=np.float64).reshape(-1, 2)
    area = float(cv2.contourArea(corners.astype(np.float32)))
    if len(corners) != 4 or area <= 0:
        return None, 0.0
    fill = float(cv2.contourArea(hull)) / area
    return (ordered(corners), min(1.0, fill)) if fill >= _LEAST_FILL else (None, 0.0)


def _shape_likeness(corners: Corners) -> float:
    upper, right, lower, left = edges_of(corners)
    if min(right, left) < 8:
        return 0.0
    ratio = (upper + lower) / (right + left)
    away = min(abs(np.log(ratio / shape)) for shape in SHAPES)
    if ratio < min(SHAPES):
        # A portrait is nearly as wide, and no document squarer than a passport's page.
        away *= 1.6
    lengths = np.log(upper / lower), np.log(right / left)
    bent = float(np.hypot(*lengths))
    return float(np.exp(-((away / _SHAPE_SPREAD) ** 2) / 2) * np.exp(-((bent / 0.35) ** 2) / 2))


def _support(slopes: NDArray[np.float32], corners: Corners) -> float:
    """Returns how much of the sides lies on edges that run along them, 0..1; the weakest side counts most."""
    shares = []
    along = np.linspace(_ENDS, 1 - _ENDS, 32)
    height, width = slopes.shape[:2]
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge = end - start
        normal = np.array([-edge[1], edge[0]]) / max(np.hypot(*edge), 1e-6)
        best = np.zeros(len(along))
        for off in range(-3, 4):
            points = start + along[:, None] * edge + off * normal
            x = np.clip(np.rint(points[:, 0]).astype(int), 0, width - 1)
            y = np.clip(np.rint(points[:, 1]).astype(int), 0, height - 1)
            best = np.maximum(best, np.abs(slopes[y, x] @ normal))
        shares.append(float(np.mean(np.clip(best / 12.0, 0.0, 1.0))))
    return 0.5 * min(shares) + 0.5 * float(np.mean(shares))


def _fitted(gray: Gray, corners: Corners) -> Corners:
    """Returns the corners where lines through the picture's own edges along the sides meet."""
    lines = [_fitted_line(gray, start, end) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    found = np.array([crossing(lines[side - 1], lines[side]) for side in range(4)])
    span = float(np.hypot(*(corners[0] - corners[2])))
    # A side whose edge was another thing's would throw a corner far off.
    strayed = np.hypot(*(found - corners).T) > 2 * _REACH * span
    return np.where(strayed[:, None], corners, found)


def _fitted_line(gray: Gray, start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns a point and a direction (x, y, dx, dy) of the edge along a side, or the side itself."""
    edge = end - start
    length = max(float(np.hypot(*edge)), 1e-6)
    normal = np.array([-edge[1], edge[0]]) / length
    reach = max(3, round(_REACH * length))
    offsets = np.arange(-reach, reach + 1)
    along = np.linspace(_ENDS, 1 - _ENDS, _SAMPLES)
    points = start + along[:, None, None] * edge + offsets[None, :, None] * normal
    maps = points.astype(np.float32)
    values = cv2.remap(gray, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    signed = np.diff(cv2.GaussianBlur(values.astype(np.float32), (3, 1), 0), axis=1)
    # All along a side, the document is brighter than what it lies on, or all along darker; print is both.
    steps = np.maximum(signed * np.sign(signed.sum()), 0.0)
    strongest = steps.max(axis=1, keepdims=True)
    # The first one from outside: further in, lines of print have edges as strong. `offsets` grow inward.
    best = (steps >= np.maximum(0.6 * strongest, 1e-3)).argmax(axis=1)
    strength = steps[np.arange(len(along)), best]
    kept = strength > max(2.0, 0.35 * float(np.median(strength)))
    fallback = np.array([*start, *(edge / length)])
    if kept.sum() < 8:
        return fallback
    found = start + along[kept, None] * edge + (offsets[best[kept]] + 0.5)[:, None] * normal
    fit = cv2.fitLine(found.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
    distances = np.abs((found - fit[2:]) @ np.array([-fit[1], fit[0]]))
    near = distances <= max(1.0, 1.5 * float(np.median(distances)))
    if near.sum() >= 8:
        fit = cv2.fitLine(found[near].astype(np.float32), cv2.DIST_L2, 0, 0.01, 0.01).ravel()
    return np.array([fit[2], fit[3], fit[0], fit[1]], np.float64)
