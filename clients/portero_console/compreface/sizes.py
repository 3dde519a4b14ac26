"""How many pixels a photo has, from its header alone."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_MARKER = 0xFF
_APP1 = 0xE1
_SCAN = 0xDA
# Start of frame: baseline to lossless, without the three markers among them that are tables.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EXIF = b"Exif\x00\x00"
_ORIENTATION = 0x0112
_MOST_ENTRIES = 64
_FIRST_LYING = 5
"""The least orientation of EXIF that exchanges width and height."""


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a photo as it is to be seen, pixels."""

    width: int
    height: int


def size_of(photo: bytes) -> Size | None:
    """Returns the size of a JPEG or PNG file, turned as its EXIF asks for; None: it is neither."""
    try:
        if photo.startswith(_PNG):
            return Size(*struct.unpack_from(">II", photo, 16))
        return _jpeg_size(photo) if photo.startswith(_JPEG) else None
    except (struct.error, IndexError):
        return None


def _jpeg_size(photo: bytes) -> Size | None:
    at, lies = len(_JPEG) - 1, False
    while photo[at] == _MARKER:
        marker = photo[at + 1]
        if marker == _MARKER:
            # Any marker may have fill bytes in front of it.
            at += 1
            continue
        if marker == _SCAN:
            return None
        (length,) = struct.unpack_from(">H", photo, at + 2)
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", photo, at + 5)
            return Size(height, width) if lies else Size(width, height)
        if marker == _APP1 and photo.startswith(_EXIF, at + 4):
            lies = _orientation(photo, at + 4 + len(_EXIF)) >= _FIRST_LYING
        at += 2 + length
    return None


def _orientation(photo: bytes, tiff: int) -> int:
    order = ">" if photo.startswith(b"MM", tiff) else "<"
    try:
        (offset,) = struct.unpack_from(f"{order}I", photo, tiff + 4)
        (entries,) = struct.unpack_from(f"{order}H", photo, tiff + offset)
        for index in range(min(entries, _MOST_ENTRIES)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", photo, tiff + offset + 2 + 12 * index)
            if tag == _ORIENTATION:
                return int(value) if value <= 8 else 1
    except struct.error:
        pass
    return 1
