"""Decodes files from cameras and folders, with limits checked before decoding.

OpenCV supports a dozen formats and trusts a file's header. Only formats that cameras write are accepted, and files that
could keep a processor busy for minutes are not decoded: a JPEG with hundreds of scans, a PNG whose data inflates to
more than its picture. For the other formats OpenCV's own limit on pixels suffices.
"""

import struct
import zlib

import numpy as np

from portero_bridge.images.opencv import Pixels, cv2

# What files of each format begin with.
_JPEG = b"\xff\xd8"
_PNG = b"\x89PNG\r\n\x1a\n"
_BMP = b"BM"
_WEBP = b"RIFF"
_TIFF = (b"II*\x00", b"MM\x00*")

_SCAN_MARKER = b"\xff\xda"
# A progressive JPEG has about ten scans; each costs the decoder a pass over the whole picture.
_MOST_SCANS = 32

# The limit that images/opencv.py sets for every format, applied before a PNG is inflated here.
_PNG_MOST_PIXELS = 50_000_000
# Four channels of 16 bits.
_PNG_MOST_BYTES_A_PIXEL = 8
# The chunk IHDR, which comes first: length (4 bytes), kind (4), width, height and format (13), checksum (4).
_PNG_HEADER_CHUNK_BYTES = 25
_PNG_WIDTH_AT = len(_PNG) + 8
_png_width_and_height = struct.Struct(">II").unpack_from
_png_length_and_kind = struct.Struct(">I4s").unpack_from
# Length and kind before a chunk's content, and the checksum behind it.
_PNG_CHUNK_BYTES_BEFORE = 8
_PNG_CHUNK_BYTES_BEHIND = 4
# Compressed bytes inflated at once. Deflate packs at most 1032 to 1, so that what comes out stays below 9 MB.
_PNG_PIECE_BYTES = 8192
# Size and format, palette, transparency, orientation, pixels, end: all that changes the decoded picture.
_PNG_PICTURE_CHUNKS = frozenset((b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"))


def decode(data: bytes) -> Pixels | None:
    """Decodes a JPEG, PNG, BMP, WebP or TIFF file, turned upright as its EXIF says.

    Takes milliseconds of processor time, more for large pictures; call it in a thread.

    Args:
        data: The whole file.

    Returns:
        The picture, height x width x 3, BGR, uint8, whatever the file's own channels and depth; None if the file has
        another format, is damaged, or exceeds a limit of this module.
    """
    if data.startswith(_PNG):
        picture = _picture_of_png(data)
        if picture is None:
            return None
        data = picture
    elif data.startswith(_JPEG):
        if data.count(_SCAN_MARKER) > _MOST_SCANS:
            return None
    elif not data.startswith((_BMP, _WEBP, *_TIFF)):
        return None
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        # OpenCV raises for a picture without pixels, and for one with more than images/opencv.py allows; for other
        # damage it returns None.
        return None
    return None if decoded is None else decoded.astype(np.uint8, copy=False)


def _picture_of_png(data: bytes) -> bytes | None:
    """Returns a PNG file that has only the chunks of the picture.

    Texts and profiles may be compressed too, and OpenCV would inflate them for nobody.

    Returns:
        The smaller file; None if `data` is not a whole PNG, has too many pixels, or its pixel data is damaged or
        inflates to more than width and height can need.
    """
    if len(data) < len(_PNG) + _PNG_HEADER_CHUNK_BYTES or data[_PNG_WIDTH_AT - 4 : _PNG_WIDTH_AT] != b"IHDR":
        return None
    width, height = _png_width_and_height(data, _PNG_WIDTH_AT)
    if width * height > _PNG_MOST_PIXELS:
        return None
    # Each row has one byte more, for its filter, and an interlaced picture not quite twice as many rows, of which each
    # may be rounded up by a byte.
    allowance = width * height * _PNG_MOST_BYTES_A_PIXEL + 4 * (height + 8)
    kept = [_PNG]
    inflater = zlib.decompressobj()
    at = len(_PNG)
    while at + _PNG_CHUNK_BYTES_BEFORE + _PNG_CHUNK_BYTES_BEHIND <= len(data):
        length, kind = _png_length_and_kind(data, at)
        content_at = at + _PNG_CHUNK_BYTES_BEFORE
        begin, at = at, content_at + length + _PNG_CHUNK_BYTES_BEHIND
        if kind not in _PNG_PICTURE_CHUNKS:
            continue
        if kind == b"IDAT":
            allowance = _allowance_after(inflater, memoryview(data)[content_at : content_at + length], allowance)
            if allowance < 0:
                return None
        kept.append(data[begin:at])
        if kind == b"IEND":
            return b"".join(kept)
    return None


def _allowance_after(inflater: "zlib._Decompress", packed: memoryview, allowance: int) -> int:
    """Inflates pixel data without keeping it, to learn its size, and stops as soon as it exceeds the allowance.

    Args:
        inflater: Holds the state between chunks, since the pixel data of a file is one stream.
        packed: The content of one IDAT chunk.
        allowance: Bytes that it and the chunks behind it may inflate to.

    Returns:
        The bytes that the chunks behind it may still inflate to; negative if there were too many, or damaged ones.
    """
    for at in range(0, len(packed), _PNG_PIECE_BYTES):
        if allowance < 0 or inflater.eof:
            break
        try:
            # One byte more than allowed shows that there are too many; the rest need not be inflated.
            allowance -= len(inflater.decompress(packed[at : at + _PNG_PIECE_BYTES], allowance + 1))
        except zlib.error:
            return -1
    return allowance
