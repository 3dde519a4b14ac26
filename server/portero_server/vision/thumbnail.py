"""Reduced gray pictures for the gate, and whether their file's picture data is damaged.

The decoder sees damage while it reads the data, so that knowing of it costs nothing for a sound file. OpenCV does not
say what its decoder saw; simplejpeg, on the same decoder, does, in the same time and with the same pixels.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import numpy as np
import simplejpeg

from portero_server.vision.exif import orientation_of, turned
from portero_server.vision.jpeg import decode_gray
from portero_server.vision.pixels import Gray

# What the decoder says of picture data that does not decode to what was encoded.
_DAMAGE = ("premature end", "bad huffman code", "instead of rst", "arithmetic code", "inconsistent progression")
_EXTRA = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_END = b"\xff\xd9"
# Cameras that fill their transfer buffer before they write the end marker.
_PADDING = b"\x00\xff"


class Thumbnail(NamedTuple):
    """A reduced picture.

    Attributes:
        pixels: Height x width, gray, upright.
        damaged: Whether a part of the picture is not what the camera saw.
    """

    pixels: Gray
    damaged: bool


def decode_thumbnail(data: bytes, reduce: Literal[1, 2, 4, 8]) -> Thumbnail:
    """Decodes a frame whose header was checked to gray, `reduce` times smaller on each side, turned upright.

    Raises:
        FrameRefused: UNDECODABLE.
    """
    try:
        return Thumbnail(_decoded(data, reduce, strict=True), damaged=False)
    except ValueError as error:
        damaged = _is_damage(str(error), data)
    try:
        return Thumbnail(_decoded(data, reduce, strict=False), damaged)
    except ValueError:
        # Colors that only OpenCV converts, or no picture at all.
        return Thumbnail(decode_gray(data, reduce), damaged)


def _decoded(data: bytes, reduce: int, *, strict: bool) -> Gray:
    """Decodes a frame. Raises ValueError if it cannot be, and, if `strict`, for anything odd about it."""
    height, width = _least(data, reduce)
    pixels = simplejpeg.decode_jpeg(data, "GRAY", min_height=height, min_width=width, strict=strict)
    return turned(np.asarray(pixels[:, :, 0]), orientation_of(data))


def _least(data: bytes, reduce: int) -> tuple[int, int]:
    """Returns the least height and width to ask for. The decoder takes the smallest scale that reaches them."""
    if reduce == 8:
        # No scale is smaller.
        return 1, 1
    height, width, *_ = simplejpeg.decode_jpeg_header(data)
    return -(-int(height) // reduce), -(-int(width) // reduce)


def _is_damage(said: str, data: bytes) -> bool:
    """Whether what the decoder said means a damaged picture, and not an odd header or bytes behind the picture."""
    extra = _EXTRA.search(said)
    if extra is not None:
        end = data.rfind(_END)
        return bool(data[max(0, end - int(extra[1])) : end].strip(_PADDING))
    return any(words in said.lower() for words in _DAMAGE)
