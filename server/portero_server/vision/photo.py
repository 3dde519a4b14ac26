"""Photographs in requests: one JPEG or PNG file, checked by its header, then decoded upright."""

from __future__ import annotations

import numpy as np

from portero_server.domain.streams.frames import FrameLimits, FrameRefused, RejectionReason
from portero_server.errors import InvalidInput
from portero_server.vision import png
from portero_server.vision.jpeg import check_dimensions, check_header, check_size
from portero_server.vision.jpeg_ends import whole_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

PHOTO_LIMITS = FrameLimits(max_pixels=16_777_216)
"""Limits of one photograph: Rekognition's 5 MiB and 80 pixels, and 4096 x 4096 so that decoding takes at most 50 MB."""


def decode_photo(data: bytes, field: str) -> Pixels:
    """Decodes a photograph, turned upright as its EXIF says.

    Args:
        data: A whole JPEG or PNG file.
        field: Path of the field it came in, for the error.

    Raises:
        InvalidInput: It is empty, neither JPEG nor PNG, broken, or beyond `PHOTO_LIMITS`; names field and limit.
    """
    try:
        return _decode(_checked(data))
    except FrameRefused as refused:
        raise _invalid(field, refused) from None


def check_photo(data: bytes, field: str) -> None:
    """Checks a photograph before it is decoded, as `decode_photo` does first.

    Raises:
        InvalidInput: As there, but for what only decoding shows.
    """
    try:
        _checked(data)
    except FrameRefused as refused:
        raise _invalid(field, refused) from None


def _checked(data: bytes) -> bytes:
    """Returns the bytes of a file that are safe to decode. Raises FrameRefused."""
    check_size(data, PHOTO_LIMITS)
    if not data.startswith(png.SIGNATURE):
        jpeg = whole_jpeg(data)
        check_header(jpeg, PHOTO_LIMITS)
        return jpeg
    check_dimensions(*png.size_of(data), PHOTO_LIMITS)
    return png.bounded(data)


def _invalid(field: str, refused: FrameRefused) -> InvalidInput:
    message = refused.message
    if refused.reason is RejectionReason.NOT_JPEG:
        message = "the image is neither a JPEG nor a PNG file"
    return InvalidInput(field, f"{field}: {message}", reason=refused.reason.name)


def _decode(data: bytes) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise FrameRefused(RejectionReason.UNDECODABLE, "the image's picture data cannot be decoded")
    return np.asarray(pixels, dtype=np.uint8)
