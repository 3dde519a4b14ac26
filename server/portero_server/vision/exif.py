"""The orientation that a JPEG file's EXIF asks for."""

from __future__ import annotations

import struct

import numpy as np

from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

UPRIGHT = 1
"""The orientation of a picture that is stored as it is to be seen."""

_EXIF = b"Exif\x00\x00"
_SEGMENT = b"\xff\xe1"
SEARCHED = 256
"""Bytes within which EXIF begins: it is the first segment, or the second, behind JFIF's 18 bytes."""
_ORIENTATION = 0x0112
# Cameras write a dozen entries.
_MOST_ENTRIES = 64
_FLIPS = {2: 1, 3: -1, 4: 0}
"""OpenCV's codes of flips, by orientation."""
_FLIPS_OF_TRANSPOSED = {6: 1, 7: -1, 8: 0}
"""The same for pictures whose rows and columns change places first; orientation 5 needs no more."""


def orientation_of(jpeg: bytes) -> int:
    """Returns a JPEG file's orientation, 1 to 8 as EXIF counts them; 1 if it has none, or a broken one."""
    at = jpeg.find(_EXIF, 6, SEARCHED)
    if at < 0 or jpeg[at - 4 : at - 2] != _SEGMENT:
        return UPRIGHT
    tiff = at + len(_EXIF)
    order = ">" if jpeg[tiff : tiff + 2] == b"MM" else "<"
    try:
        (offset,) = struct.unpack_from(f"{order}I", jpeg, tiff + 4)
        (entries,) = struct.unpack_from(f"{order}H", jpeg, tiff + offset)
        for index in range(min(entries, _MOST_ENTRIES)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", jpeg, tiff + offset + 2 + 12 * index)
            if tag == _ORIENTATION:
                return value if UPRIGHT <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


def has_exif(head: bytes) -> bool:
    """Whether EXIF begins in the first SEARCHED bytes of a file; without it, `orientation_of` is UPRIGHT."""
    return _EXIF in head


def swaps_sides(orientation: int) -> bool:
    """Whether turning a picture upright exchanges its width and height."""
    return orientation >= 5


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Returns a picture, gray or colored, turned upright."""
    if orientation == UPRIGHT:
        return pixels
    if not swaps_sides(orientation):
        return np.asarray(cv2.flip(pixels, _FLIPS[orientation]), dtype=np.uint8)
    transposed = cv2.transpose(pixels)
    flip = _FLIPS_OF_TRANSPOSED.get(orientation)
    return np.asarray(transposed if flip is None else cv2.flip(transposed, flip), dtype=np.uint8)
