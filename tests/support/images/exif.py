"""JPEG files with an EXIF segment."""

from __future__ import annotations

import struct

from tests.support.images import jpegs


def oriented(picture: bytes, orientation: int, *, big_endian: bool = False) -> bytes:
    """Returns a JPEG file that asks to be turned."""
    return with_exif(picture, [(0x0112, orientation)], big_endian=big_endian)


def with_exif(picture: bytes, entries: list[tuple[int, int]], *, big_endian: bool = False) -> bytes:
    """Returns a JPEG file with short values in its first EXIF directory, each a tag and a number."""
    order = ">" if big_endian else "<"
    tiff = (b"MM\x00*" if big_endian else b"II*\x00") + struct.pack(f"{order}IH", 8, len(entries))
    for tag, value in entries:
        tiff += struct.pack(f"{order}HHIHxx", tag, 3, 1, value)
    return picture[:2] + jpegs.segment(0xE1, b"Exif\x00\x00" + tiff + bytes(4)) + picture[2:]
