"""Photographs for the scripted engine: a face is a bright patch, its color is the person."""

from __future__ import annotations

from functools import cache

import numpy as np

from portero_server.vision.opencv import cv2

Color = tuple[int, int, int]
"""Blue, green, red, 0..255."""

ANA: Color = (40, 80, 220)
BOB: Color = (220, 120, 40)
EVE: Color = (60, 220, 60)
NEARLY_ANA: Color = (48, 84, 214)
"""Ana on another day."""
ALIKE_ANA: Color = (90, 80, 220)
"""Somebody else, as like Ana as another person can be without being taken for her."""
COUSIN_OF_ANA: Color = (80, 80, 220)
"""Somebody else, a little less like Ana than two pictures of one person."""

_SIDE = 80
_GAP = 40


def photo(*colors: Color, side: int = _SIDE, kind: str = ".png") -> bytes:
    """Makes a photograph of these people side by side; the first stands a little nearer and is the largest."""
    width = max(320, _GAP + len(colors) * (side + 2 * _GAP))
    pixels = np.zeros((240, width, 3), np.uint8)
    for place, color in enumerate(colors):
        left = _GAP + place * (side + 2 * _GAP)
        size = side + (_GAP // 2 if place == 0 else 0)
        pixels[_GAP : _GAP + size, left : left + size] = color
    return _encoded(pixels, kind)


def card(text: str) -> bytes:
    """Makes a photograph of a card with a QR code."""
    code = np.asarray(cv2.QRCodeEncoder.create().encode(text))
    return _encoded(np.pad(np.kron(code, np.ones((8, 8), np.uint8)), 40, constant_values=255), ".png")


@cache
def noise_photo(side: int) -> bytes:
    """Makes a photograph that does not compress: about three bytes a pixel."""
    return _encoded(np.random.default_rng(7).integers(0, 256, (side, side, 3), np.uint8), ".png")


def _encoded(pixels: object, kind: str) -> bytes:
    done, data = cv2.imencode(kind, np.asarray(pixels))
    assert done
    return bytes(data)
