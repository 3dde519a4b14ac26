"""JPEG files for tests: real ones, and real ones taken apart and put together wrongly."""

from __future__ import annotations

import struct
from functools import cache

import numpy as np

from portero_server.vision.opencv import cv2

START = b"\xff\xd8"
END = b"\xff\xd9"


@cache
def picture(width: int = 120, height: int = 96, *, progressive: bool = False, gray: bool = False) -> bytes:
    """Makes a small picture with edges and some texture."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([(columns * 2) % 256, (rows * 3) % 256, ((rows // 16 + columns // 16) % 2) * 200], axis=-1)
    flags = [cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)]
    source = pixels.astype(np.uint8)
    _, data = cv2.imencode(".jpg", source[:, :, 2] if gray else source, flags)
    return data.tobytes()


@cache
def png(width: int = 120, height: int = 96) -> bytes:
    """Makes a PNG file of one color."""
    _, data = cv2.imencode(".png", np.full((height, width, 3), 77, np.uint8))
    return data.tobytes()


def segment(marker: int, payload: bytes) -> bytes:
    """Makes one segment."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def with_frame_header(
    data: bytes,
    *,
    marker: int | None = None,
    width: int | None = None,
    height: int | None = None,
    precision: int | None = None,
    components: int | None = None,
) -> bytes:
    """Changes what the frame header of a baseline or progressive picture says."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    changed = bytearray(data)
    if marker is not None:
        changed[at + 1] = marker
    if precision is not None:
        changed[at + 4] = precision
    if height is not None:
        changed[at + 5 : at + 7] = struct.pack(">H", height)
    if width is not None:
        changed[at + 7 : at + 9] = struct.pack(">H", width)
    if components is not None:
        changed[at + 9] = components
    return bytes(changed)


def with_scans(data: bytes, scans: int) -> bytes:
    """Repeats the last scan of a picture until there are so many."""
    last = data.rfind(b"\xff\xda")
    scan = data[last : -len(END)]
    return data[: -len(END)] + scan * (scans - data.count(b"\xff\xda")) + END
