"""Cuts a face out of a frame, with enough context to be recognized."""

from __future__ import annotations

from dataclasses import dataclass

from portero_server.domain.detection.geometry import Box
from portero_server.vision.pixels import Pixels

# Rekognition takes no image with a side under 80 pixels.
_MIN_SIDE = 80
# Of the face's size on each side: head and shoulders. Detectors, ours and Rekognition's, need what is
# around a face to see that it is one.
_PADDING = 0.6


@dataclass(frozen=True, slots=True)
class Crop:
    """A region cut out of a frame.

    Attributes:
        pixels: The region, height x width x 3, BGR; a copy, so that the frame can be freed.
        face: Where the face is in the region, ratios; reaches over its edge where it does over the frame's.
        region: Where the region is in the frame, ratios.
    """

    pixels: Pixels
    face: Box
    region: Box


def crop_face(frame: Pixels, face: Box, *, padding: float = _PADDING, min_side: int = _MIN_SIDE) -> Crop:
    """Cuts out a face with its surroundings.

    Args:
        frame: Height x width x 3, BGR.
        face: Where the face is, ratios of the frame; may reach over its edges.
        padding: How much to add on each side, as a ratio of the face's size.
        min_side: Least pixels of each side of the region; a frame that is smaller gives all it has.
    """
    height, width = frame.shape[:2]
    left, top, right, bottom = face.padded(padding).to_pixels(width, height)
    left, right = _widened(left, right, min_side, width)
    top, bottom = _widened(top, bottom, min_side, height)
    region = Box.from_pixels(left, top, right, bottom, width=width, height=height)
    return Crop(frame[top:bottom, left:right].copy(), face.relative_to(region), region)


def _widened(low: int, high: int, least: int, limit: int) -> tuple[int, int]:
    """Grows a span on both sides to at least `least` without leaving 0..`limit`, shifting it at the edges."""
    missing = min(least, limit) - (high - low)
    if missing <= 0:
        return low, high
    low = max(0, min(low - missing // 2, limit - min(least, limit)))
    return low, low + min(least, limit)
