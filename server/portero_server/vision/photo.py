"""Photographs that come with a call: one JPEG or PNG file, judged by its header, then decoded upright."""

from __future__ import annotations

import struct

import numpy as np

from portero_server.domain.frames import FrameLimits, FrameRefused, RejectionReason
from portero_server.errors import InvalidInput
from portero_server.vision.jpeg import check_dimensions, check_header, check_size
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels

PHOTO_LIMITS = FrameLimits(max_pixels=16_777_216)
"""Limits of one photograph: Rekognition's 5 MiB and 80 pixels, and 4096 x 4096 so that decoding takes at most 50 MB."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER = struct.Struct(">4sII").unpack_from
_PNG_HEADER_END = 24
_PNG_CHUNK = struct.Struct(">I4s").unpack_from
# Length and kind before a chunk's content, and the checksum behind it.
_PNG_AROUND = 12
# Encoders write pieces of 8 KiB and more, 640 in the largest file taken.
_PNG_MOST_CHUNKS = 10_000


def decode_photo(data: bytes, field: str) -> Pixels:
    """Decodes a photograph, turned upright as its EXIF says.

    Args:
        data: A whole JPEG or PNG file.
        field: Path of the field it came in, for the error.

    Raises:
        InvalidInput: It is empty, neither JPEG nor PNG, broken, or beyond `PHOTO_LIMITS`; names field and limit.
    """
    check_photo(data, field)
    try:
        return _decode(data)
    except FrameRefused as refused:
        raise _invalid(field, refused) from None


def check_photo(data: bytes, field: str) -> None:
    """Judges a photograph by its header, as `decode_photo` does first.

    Raises:
        InvalidInput: As there, but for what only decoding shows.
    """
    try:
        if data.startswith(_PNG):
            _check_png(data)
        else:
            check_header(data, PHOTO_LIMITS)
    except FrameRefused as refused:
        raise _invalid(field, refused) from None


def _invalid(field: str, refused: FrameRefused) -> InvalidInput:
    message = refused.message
    if refused.reason is RejectionReason.NOT_JPEG:
        message = "the image is neither a JPEG nor a PNG file"
    return InvalidInput(field, f"{field}: {message}", reason=refused.reason.name)


def _check_png(data: bytes) -> None:
    check_size(data, PHOTO_LIMITS)
    if len(data) < _PNG_HEADER_END:
        raise FrameRefused(RejectionReason.TRUNCATED, "the PNG file ends within its header")
    kind, width, height = _PNG_HEADER(data, 12)
    if kind != b"IHDR":
        raise FrameRefused(RejectionReason.UNDECODABLE, "the PNG file does not begin with its header")
    check_dimensions(width, height, PHOTO_LIMITS)
    _check_chunks(data)


def _check_chunks(data: bytes) -> None:
    """Walks the chunks to the last one. OpenCV makes room for what a chunk says it holds, up to 2 GB, before it reads.

    Raises:
        FrameRefused: A chunk reaches beyond the file, or the last one is missing.
    """
    at = len(_PNG)
    for _ in range(_PNG_MOST_CHUNKS):
        if at + _PNG_AROUND > len(data):
            raise FrameRefused(RejectionReason.TRUNCATED, "the PNG file has no end chunk")
        length, kind = _PNG_CHUNK(data, at)
        at += _PNG_AROUND + length
        if at > len(data):
            raise FrameRefused(
                RejectionReason.TRUNCATED, f"a chunk of the PNG file says it has {length} bytes, more than the file"
            )
        if kind == b"IEND":
            return
    raise FrameRefused(
        RejectionReason.UNSUPPORTED_CODING,
        f"the PNG file has more than {_PNG_MOST_CHUNKS} chunks, which is the limit",
    )


def _decode(data: bytes) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise FrameRefused(RejectionReason.UNDECODABLE, "the image's picture data cannot be decoded")
    return np.asarray(pixels, dtype=np.uint8)
