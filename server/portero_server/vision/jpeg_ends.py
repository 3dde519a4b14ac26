"""Finds where a JPEG file begins and ends among the bytes around it."""

from __future__ import annotations

import re

_START = b"\xff\xd8"
# Line ends of a protocol, or a transfer buffer that was not filled from its beginning.
_BEFORE = b"\r\n\t \x00"
# The next marker of picture data, where FF 00 is a byte FF, and FF D0 to FF D7 mark nothing but a place to resume.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_END_CODE = 0xD9
# The start of another file: this one was cut.
_START_CODE = 0xD8
# A marker that no segment follows.
_ALONE = 0x01
# Real files have about ten segments and scans, those with large color profiles a few hundred.
_MOST_MARKERS = 2000


def whole_jpeg(data: bytes) -> bytes:
    """Returns a JPEG file without what stands before and behind it; bytes that are not a JPEG file come back unchanged.

    Cameras send the rest of a transfer buffer behind the end marker, phones a short video, protocols a line end before
    the start. The clients do the same: `tests/contracts/test_jpeg_ends.py` holds both.

    Args:
        data: A file that may have other bytes around it.

    Returns:
        The JPEG file from its start marker to its end marker, or without one to the last byte; `data` itself if there
        is nothing to cut, or if it does not begin as a JPEG.
    """
    jpeg = data if data.startswith(_START) else data.lstrip(_BEFORE)
    if not jpeg.startswith(_START):
        return data
    end = _end_of(jpeg)
    return jpeg if end is None or end == len(jpeg) else jpeg[:end]


def _end_of(jpeg: bytes) -> int | None:
    """Returns the offset behind the picture's end marker; those of pictures within segments do not count."""
    at = len(_START)
    for _ in range(_MOST_MARKERS):
        found = _MARKER.search(jpeg, at)
        if found is None:
            return None
        at = found.end()
        code = found[1][0]
        if code == _END_CODE:
            return at
        if code == _START_CODE:
            return None
        if code != _ALONE:
            at += int.from_bytes(jpeg[at : at + 2])
    return None
