"""Cuts a document out of a picture, flat and straight."""

from __future__ import annotations

import numpy as np

from portero_server.vision.cards.lines import Corners
from portero_server.vision.cards.quadrilateral import SHAPES, edges_of
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

_NARROWEST, _WIDEST = 720, 1280
"""Widths of a flat card, pixels. Under 720 an MRZ's letters are smaller than readers of text like; beyond 1280 there is
nothing to gain."""


def flattened(pixels: Pixels, corners: Corners) -> Pixels:
    """Returns a document as if scanned, wider than high, 720 to 1280 pixels wide.

    Args:
        pixels: The picture, BGR.
        corners: See `quadrilateral.Corners`; what lies outside of the picture is gray.
    """
    upper, right, lower, left = edges_of(corners)
    shape = min(SHAPES, key=lambda each: abs(np.log((upper + lower) / max(right + left, 1e-6) / each)))
    width = round(min(_WIDEST, max(_NARROWEST, upper, lower, right * shape, left * shape)))
    height = round(width / shape)
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(target, corners.astype(np.float32))
    # Inverse map: each pixel of the flat card is looked up in the picture.
    flat = cv2.warpPerspective(
        pixels,
        matrix,
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(128, 128, 128),
    )
    return np.asarray(flat, dtype=np.uint8)


def upside_down(pixels: Pixels) -> Pixels:
    """Returns a picture turned by half a turn."""
    return np.ascontiguousarray(pixels[::-1, ::-1])
