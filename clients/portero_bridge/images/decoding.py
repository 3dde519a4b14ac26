"""Decodes files from cameras and folders, with limits checked before decoding.

OpenCV supports a dozen formats and trusts a file's header. Only formats that cameras write are accepted, and files that
could keep a processor busy for minutes are not decoded: a JPEG with hundreds of scans, a PNG whose data inflates to
more than its picture.
"""

import struct
import zlib

import numpy as np

from portero_bridge.images.opencv import Pixels, cv2

_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
_OTHERS = (b"BM", b"RIFF", b"II*\x00", b"MM\x00*")
_MOST_PIXELS = 50_000_000
# Progressive files have about ten; each costs a pass over the picture.
_MOST_SCANS = 32
# A pixel has four channels of 16 bits at most, a row one byte more, an interlaced picture a few rows more.
_MOST_BYTES_A_PIXEL = 8
_PNG_CHUNK = struct.Struct(">I4s").unpack_from
_PNG_SIZE = struct.Struct(">II").unpack_from
_PNG_AROUND = 12
_PNG_PIECE = 8192
_PNG_KEPT = frozenset((b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"))


def decode(data: bytes) -> Pixels | None:
    """Decodes a JPEG, PNG, BMP, WebP or TIFF file. Returns None for other formats and beyond the limits."""
    if data.startswith(_PNG):
        data = _picture_of_png(data)
    elif data.startswith(_JPEG):
        if data.count(b"\xff\xda") > _MOST_SCANS:
            return None
    elif not data.startswith(_OTHERS):
        return None
    if not data:
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        # More pixels than OpenCV may decode, or none.
        return None
    return None if decoded is None else decoded.astype(np.uint8, copy=False)


def _picture_of_png(data: bytes) -> bytes:
    """Returns the file without anything but its picture; empty if it is not a valid PNG or inflates too far."""
    if len(data) < len(_PNG) + 25:
        return b""
    width, height = _PNG_SIZE(data, 16)
    if width * height > _MOST_PIXELS:
        return b""
    left = (width * _MOST_BYTES_A_PIXEL + 8) * (height + 8)
    kept, at, stream = [_PNG], len(_PNG), zlib.decompressobj()
    while at + _PNG_AROUND <= len(data):
        length, kind = _PNG_CHUNK(data, at)
        begin, at = at, at + _PNG_AROUND + length
        if kind not in _PNG_KEPT:
            continue
        if kind == b"IDAT" and (left := _inflated(stream, memoryview(data)[begin + 8 : at - 4], left)) < 0:
            return b""
        kept.append(data[begin:at])
        if kind == b"IEND":
            return b"".join(kept)
    return b""


def _inflated(stream: "zlib._Decompress", packed: memoryview, left: int) -> int:
    """Inflates picture data, up to one byte more than allowed. Returns what may still follow."""
    for at in range(0, len(packed), _PNG_PIECE):
        if left < 0 or stream.eof:
            break
        try:
            left -= len(stream.decompress(packed[at : at + _PNG_PIECE], left + 1))
        except zlib.error:
            return -1
    return left
