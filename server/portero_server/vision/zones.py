"""Privacy zones: parts of a camera's picture that are blacked out before any processing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portero_server.domain.detection.geometry import Box

_ROOM = 1
"""Pixels around a zone that go with it: a decoder that reduces, or that has fewer pixels of color than of light,
mixes neighbors."""
BLOCK_ROOM = 18
"""Pixels around a zone that share a block of a JPEG file with it, whose decoded values depend on each other: 15 with
colors at half size, one more where a decoder smooths these, and one for rounding in each of two files."""


def blacken(pixels: NDArray[np.uint8], zones: Iterable[Box], room: int = _ROOM) -> NDArray[np.uint8]:
    """Fills the zones with black, in place, rounding outward.

    Args:
        pixels: A decoded frame of any size, height x width with or without colors.
        zones: Boxes in ratios of the frame.
        room: Pixels around each zone that are filled too.

    Returns:
        The same array.
    """
    shape: Any = pixels.shape
    height, width = shape[0], shape[1]
    for zone in zones:
        top, bottom = _span(zone.top, zone.bottom, height, room)
        left, right = _span(zone.left, zone.right, width, room)
        pixels[top:bottom, left:right] = 0
    return pixels


def _span(first: float, last: float, size: int, room: int) -> tuple[int, int]:
    # A zone may lie beside a part of the frame, where a negative end would count from the other side.
    return max(0, math.floor(first * size) - room), max(0, min(size, math.ceil(last * size) + room))
