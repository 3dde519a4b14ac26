"""JPEG files: header checks without decoding, and decoding."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from portero_server.domain.streams.frames import FrameLimits, FrameRefused, RejectionReason
from portero_server.vision.exif import SEARCHED, has_exif, orientation_of, swaps_sides, turned
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Gray, Pixels

_START = b"\xff\xd8"
_END = b"\xff\xd9"
_SCAN = b"\xff\xda"
# Cameras that fill their transfer buffer append zeros, bridges that split a multipart stream a line end.
_MAX_PADDING = 1024
_PADDING = b"\x00\xff\r\n"
# Real headers have about ten segments, those with large color profiles a few hundred.
_MAX_SEGMENTS = 1000

_SEGMENT = struct.Struct(">HH").unpack_from
_FRAME = struct.Struct(">BHHB").unpack_from
_FILL = 0xFFFF
_START_OF_SCAN = 0xFFDA
_PROGRESSIVE = 0xFFC2
_CODINGS = (0xFFC0, 0xFFC1, _PROGRESSIVE)
_UNSUPPORTED = {
    0xFFC3: "lossless",
    **dict.fromkeys((0xFFC5, 0xFFC6, 0xFFC7, 0xFFDE), "hierarchical"),
    **dict.fromkeys((0xFFC9, 0xFFCA, 0xFFCB, 0xFFCC, 0xFFCD, 0xFFCE, 0xFFCF), "arithmetic"),
}
# Segments without picture data: tables, comments, APPn.
_STEPPED_OVER = frozenset((0xFFC4, 0xFFDB, 0xFFDD, 0xFFFE, *range(0xFFE0, 0xFFF0)))

_REDUCED_GRAY = {
    1: cv2.IMREAD_GRAYSCALE,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
}


class HeaderCheck:
    """Checks the files of one camera by their headers, without decoding.

    A camera's files mostly have the same layout. After two walks that read the same offsets, the next file is read at
    these offsets in one call, and is walked only if a value differs.
    """

    def __init__(self, limits: FrameLimits) -> None:
        """Creates a check with these limits."""
        self._limits = limits
        self._last: _Header | None = None
        self._places: struct.Struct | None = None
        self._words: tuple[int, ...] = ()
        # The beginning of the last file without EXIF: most cameras never write any.
        self._upright = b""

    def check(self, data: bytes) -> tuple[int, int]:
        """Walks a JPEG's header up to its first scan.

        The work is bounded whatever the bytes are: a limited number of segments, and one pass in C over
        files that have several scans.

        Args:
            data: The whole file.

        Returns:
            Width and height in pixels, of the picture turned upright as its EXIF says.

        Raises:
            FrameRefused: EMPTY, NOT_JPEG, TRUNCATED, TOO_MANY_BYTES, BAD_DIMENSIONS or UNSUPPORTED_CODING;
                the message names the limit. Nothing else is raised.
        """
        if not 0 < len(data) <= self._limits.max_bytes:
            check_size(data, self._limits)
        header = self._known(data) or self._walked(data)
        # A decoder makes one pass over the picture for each scan. Only files that are progressive, or
        # spread their colors over scans, may have more than one; in their entropy-coded data a scan's
        # marker cannot occur by chance.
        if header.has_scans and data.count(_SCAN, header.scan) > self._limits.max_scans:
            raise FrameRefused(
                RejectionReason.UNSUPPORTED_CODING,
                f"the JPEG file has more than {self._limits.max_scans} scans, which is the limit",
            )
        if not data.endswith(_END):
            end = data.rfind(_END, max(header.scan, len(data) - _MAX_PADDING))
            if end < 0 or data[end + 2 :].strip(_PADDING):
                raise FrameRefused(RejectionReason.TRUNCATED, "the JPEG file has no end marker")
        if self._is_upright(data[:SEARCHED]) or not swaps_sides(orientation_of(data)):
            return header.width, header.height
        return header.height, header.width

    def _is_upright(self, head: bytes) -> bool:
        """Whether a file that begins so has no EXIF, and so is stored as it is to be seen."""
        if head == self._upright:
            return True
        if has_exif(head):
            return False
        self._upright = head
        return True

    def _known(self, data: bytes) -> _Header | None:
        """Returns the last header if a walk through `data` would read exactly the same values."""
        try:
            return self._last if self._places is not None and self._places.unpack_from(data) == self._words else None
        except struct.error:
            return None

    def _walked(self, data: bytes) -> _Header:
        header, last = _sound_header(data, self._limits), self._last
        self._places = _at_once(header.read) if last is not None and last.read == header.read else None
        self._words = () if self._places is None else self._places.unpack_from(data)
        self._last = header
        return header


def check_header(data: bytes, limits: FrameLimits) -> tuple[int, int]:
    """Checks one file by its header; see HeaderCheck.check."""
    return HeaderCheck(limits).check(data)


@dataclass(frozen=True, slots=True)
class _Header:
    """The result of a valid header.

    Attributes:
        scan: Offset of the first scan's marker.
        has_scans: Whether there may be several scans.
        read: Where numbers were read to know this, in order, and their format.
    """

    width: int
    height: int
    scan: int
    has_scans: bool
    read: Sequence[tuple[int, str]]


def _sound_header(data: bytes, limits: FrameLimits) -> _Header:
    if not data.startswith(_START):
        raise FrameRefused(RejectionReason.NOT_JPEG, "the image does not begin as a JPEG file does")
    try:
        header = _walk(data)
    except (struct.error, IndexError):
        raise FrameRefused(RejectionReason.TRUNCATED, "the JPEG file ends within its header") from None
    check_dimensions(header.width, header.height, limits)
    return header


def _walk(data: bytes) -> _Header:
    """Walks over the segments up to the first scan.

    Raises:
        struct.error, IndexError: The bytes end too early.
        FrameRefused: They are not a JPEG file, or one that cannot be decoded.
    """
    coding = width = height = components = 0
    at = 2
    read = [(0, "H")]
    for _ in range(_MAX_SEGMENTS):
        marker, length = _SEGMENT(data, at)
        read.append((at, "HH"))
        if marker in _STEPPED_OVER:
            at += 2 + length
        elif marker == _START_OF_SCAN:
            if not coding:
                break
            interleaved = data[at + 4] == components
            read.append((at + 4, "B"))
            return _Header(width, height, at, coding == _PROGRESSIVE or not interleaved, read)
        elif marker in _CODINGS:
            if coding:
                break
            coding = marker
            precision, height, width, components = _FRAME(data, at + 4)
            read.append((at + 4, "BHHB"))
            if precision != 8 or components not in (1, 3, 4):
                raise FrameRefused(
                    RejectionReason.UNSUPPORTED_CODING,
                    f"the JPEG file has {components} colors of {precision} bits; taken are 1, 3 or 4 of 8 bits",
                )
            at += 2 + length
        elif marker == _FILL:
            at += 1
        elif marker in _UNSUPPORTED:
            raise FrameRefused(
                RejectionReason.UNSUPPORTED_CODING,
                f"the JPEG file has {_UNSUPPORTED[marker]} coding; taken are baseline, extended and progressive",
            )
        else:
            break
    raise FrameRefused(RejectionReason.NOT_JPEG, "the image's segments are not those of a JPEG file")


def _at_once(read: Sequence[tuple[int, str]]) -> struct.Struct | None:
    """Returns one struct format for everything that was read, or None if the parts overlap."""
    formats = [">"]
    at = 0
    for offset, numbers in read:
        if offset < at:
            return None
        formats.append(f"{offset - at}x{numbers}")
        at = offset + struct.calcsize(f">{numbers}")
    return struct.Struct("".join(formats))


def check_size(data: bytes, limits: FrameLimits) -> None:
    """Refuses a file without bytes or with too many.

    Raises:
        FrameRefused: EMPTY or TOO_MANY_BYTES.
    """
    if not data:
        raise FrameRefused(RejectionReason.EMPTY, "the image has no bytes")
    if len(data) > limits.max_bytes:
        raise FrameRefused(
            RejectionReason.TOO_MANY_BYTES, f"the image has {len(data)} bytes; the limit is {limits.max_bytes}"
        )


def check_dimensions(width: int, height: int, limits: FrameLimits) -> None:
    """Refuses an image that is too small or too large, in pixels.

    Raises:
        FrameRefused: BAD_DIMENSIONS.
    """
    if not (limits.min_side <= width <= limits.max_side and limits.min_side <= height <= limits.max_side):
        raise FrameRefused(
            RejectionReason.BAD_DIMENSIONS,
            f"the image is {width} x {height} pixels; each side must be {limits.min_side} to {limits.max_side}",
        )
    if width * height > limits.max_pixels:
        raise FrameRefused(
            RejectionReason.BAD_DIMENSIONS,
            f"the image has {width * height} pixels ({width} x {height}); the limit is {limits.max_pixels}",
        )


def decode_color(data: bytes) -> Pixels:
    """Decodes a frame whose header was checked, turned upright as its EXIF says: boxes are those of what people see.

    Raises:
        FrameRefused: UNDECODABLE.
    """
    return _decode(data, cv2.IMREAD_COLOR)


def decode_gray(data: bytes, reduce: Literal[1, 2, 4, 8] = 1) -> Gray:
    """Decodes a frame whose header was checked to gray, `reduce` times smaller on each side, turned upright.

    Raises:
        FrameRefused: UNDECODABLE.
    """
    return _decode(data, _REDUCED_GRAY[reduce])


def to_gray(pixels: Pixels) -> Gray:
    """Returns the gray image of a color one, for a frame that was decoded in color anyway."""
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def encode_jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    """Encodes an image; `quality` is 1 to 100."""
    _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def _decode(data: bytes, flags: int) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise FrameRefused(RejectionReason.UNDECODABLE, "the image's picture data cannot be decoded")
    return turned(np.asarray(pixels, dtype=np.uint8), orientation_of(data))
