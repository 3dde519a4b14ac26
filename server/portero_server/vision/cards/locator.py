"""Finds the document in a picture, and says which side it shows and how well it can be read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portero_server.domain.documents.capture import CardView
from portero_server.domain.documents.capture import Corners as ViewCorners
from portero_server.vision.cards.clarity import card_glare, card_sharpness
from portero_server.vision.cards.codes import FoundCode, find_codes
from portero_server.vision.cards.flattening import flattened
from portero_server.vision.cards.lines import Corners
from portero_server.vision.cards.quadrilateral import Outline, edges_of, find_outline
from portero_server.vision.cards.sides import PortraitDetector, RectifiedSide, classify_side
from portero_server.vision.pixels import Pixels


@dataclass(frozen=True, slots=True)
class LocatedCard:
    """A document in a picture.

    Attributes:
        corners: Where, clockwise from the document's own upper left, pixels of the picture.
        rectified: The flat document, upright, and which side it is.
        codes: What was decoded on it, boxes in ratios of the upright flat document.
        outlined: Whether an outline was seen; else the whole picture was taken for the document.
    """

    corners: Corners
    rectified: RectifiedSide
    codes: tuple[FoundCode, ...]
    outlined: bool


class CardLocator:
    """Finds documents. Thread-safe; has no state but the detector of faces."""

    def __init__(self, detector: PortraitDetector) -> None:
        """Uses a detector of faces to find portraits."""
        self._detector = detector

    def locate(self, pixels: Pixels) -> LocatedCard:
        """Returns the document of a BGR picture; where no outline is seen, the whole picture is taken for it."""
        outline = find_outline(pixels)
        if outline is None:
            return self._rectify(pixels, whole_picture(pixels), outlined=False)
        return self._rectify(pixels, outline.corners, outlined=True)

    def find(self, pixels: Pixels) -> CardView | None:
        """Returns how well the document in a frame can be read, or None if no outline is seen."""
        outline = find_outline(pixels)
        if outline is None:
            return None
        located = self._rectify(pixels, outline.corners, outlined=True)
        rectified = located.rectified
        return CardView(
            corners=_tuples(located.corners),
            side=rectified.side,
            width=float(edges_of(outline.corners).max()),
            tilt=_tilt(outline),
            sharpness=card_sharpness(rectified.pixels),
            glare=card_glare(rectified.pixels),
            whole=rectified.whole,
        )

    def _rectify(self, pixels: Pixels, corners: Corners, *, outlined: bool) -> LocatedCard:
        flat = flattened(pixels, corners)
        codes = find_codes(flat)
        rectified = classify_side(flat, codes, self._detector)
        if rectified.turned:
            corners = np.roll(corners, 2, axis=0)
            codes = tuple(code.around() for code in codes)
        return LocatedCard(corners, rectified, codes, outlined)


def whole_picture(pixels: Pixels) -> Corners:
    """Returns the corners of a picture, upended ones turned, as of a scan."""
    height, width = pixels.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64) - 0.5
    return corners if width >= height else np.roll(corners, -1, axis=0)


def _tilt(outline: Outline) -> float:
    upper, right, lower, left = edges_of(outline.corners)
    pairs = ((upper, lower), (right, left))
    return float(max(1.0 - min(pair) / max(pair) for pair in pairs))


def _tuples(corners: Corners) -> ViewCorners:
    first, second, third, fourth = ((float(x), float(y)) for x, y in corners)
    return first, second, third, fourth
