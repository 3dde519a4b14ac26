"""PNG files: bounded before a decoder sees them.

The decoder inflates whatever follows the picture, and every text beside it, though nobody asked for either: 5 MiB of
zeros, well packed, keep a processor busy for ten seconds. So the picture data is inflated here first, up to what width
and height need, and what is not the picture is left out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from portero_server.domain.streams.frames import FrameRefused, RejectionReason

SIGNATURE = b"\x89PNG\r\n\x1a\n"
"""What a PNG file begins with."""

_HEADER = struct.Struct(">4sIIBBxxB").unpack_from
_HEADER_END = 33
_CHUNK = struct.Struct(">I4s").unpack_from
# Length and kind before a chunk's content, and the checksum behind it.
_AROUND = 12
# Encoders write pieces of 8 KiB and more, 640 in the largest file taken.
_MOST_CHUNKS = 10_000
# A chunk whose kind begins with a capital is needed to read the picture.
_ANCILLARY = 0x20
_KEPT = frozenset((b"tRNS", b"eXIf"))
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# First column and row of each pass of an interlaced picture, and the steps to the next ones.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_SLACK = 65_536
"""Bytes beyond the picture that are passed over: some encoders round up."""
_PIECE = 8192
"""Bytes inflated at once; a byte of deflate becomes at most 1032."""


def size_of(data: bytes) -> tuple[int, int]:
    """Returns width and height as the header claims them.

    Raises:
        FrameRefused: TRUNCATED or UNDECODABLE: there is no header.
    """
    width, height, _ = _claimed(data)
    return width, height


def bounded(data: bytes) -> bytes:
    """Returns the file with nothing but its picture, whose data was proven to be no larger than the header says.

    The work is bounded by the file's bytes and by width x height, whose limits are the caller's to check first.

    Raises:
        FrameRefused: TRUNCATED, TOO_MANY_BYTES, UNSUPPORTED_CODING or UNDECODABLE; the message names the limit.
    """
    _, _, needed = _claimed(data)
    kept = [SIGNATURE]
    inflating = _Inflating(needed)
    for kind, begin, end in _chunks(data):
        if kind == b"IDAT":
            inflating.take(memoryview(data)[begin + 8 : end - 4])
        if not kind[0] & _ANCILLARY or kind in _KEPT:
            kept.append(data[begin:end])
    return b"".join(kept)


class _Inflating:
    """Inflates picture data piece by piece without keeping it, and stops if there is more than allowed."""

    def __init__(self, needed: int) -> None:
        self._needed = needed
        self._left = needed + _SLACK
        self._stream = zlib.decompressobj()

    def take(self, packed: memoryview) -> None:
        """Inflates the next piece. Raises FrameRefused if the data exceeds the limit."""
        for at in range(0, len(packed), _PIECE):
            if self._stream.eof:
                return
            try:
                self._left -= len(self._stream.decompress(packed[at : at + _PIECE], self._left + 1))
            except zlib.error:
                raise FrameRefused(RejectionReason.UNDECODABLE, "the image's picture data cannot be decoded") from None
            if self._left < 0:
                raise FrameRefused(
                    RejectionReason.TOO_MANY_BYTES,
                    f"the PNG file's picture data inflates to more than the {self._needed} bytes its size needs",
                )


def _claimed(data: bytes) -> tuple[int, int, int]:
    """Returns width, height and how many bytes the picture data inflates to."""
    if len(data) < _HEADER_END:
        raise FrameRefused(RejectionReason.TRUNCATED, "the PNG file ends within its header")
    kind, width, height, depth, color, interlaced = _HEADER(data, 12)
    if kind != b"IHDR":
        raise FrameRefused(RejectionReason.UNDECODABLE, "the PNG file does not begin with its header")
    if depth not in _DEPTHS.get(color, ()) or interlaced > 1:
        raise FrameRefused(
            RejectionReason.UNSUPPORTED_CODING,
            f"the PNG file has color type {color} of {depth} bits, interlace method {interlaced}, which PNG has not",
        )
    bits = _CHANNELS[color] * depth
    if not interlaced:
        return width, height, _rows(width, height, bits)
    needed = 0
    for column, row, step_x, step_y in _PASSES:
        across, down = -(-(width - column) // step_x), -(-(height - row) // step_y)
        needed += _rows(max(0, across), max(0, down), bits)
    return width, height, needed


def _rows(width: int, height: int, bits: int) -> int:
    # Each row has a byte in front that names its filter.
    return height * (1 + -(-width * bits // 8)) if width else 0


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walks the chunks up to the last one: kind, begin and end of each, all within the file.

    OpenCV makes room for what a chunk says it holds, up to 2 GB, before it reads.

    Raises:
        FrameRefused: A chunk reaches beyond the file, there are too many, or the last one is missing.
    """
    at = len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if at + _AROUND > len(data):
            raise FrameRefused(RejectionReason.TRUNCATED, "the PNG file has no end chunk")
        length, kind = _CHUNK(data, at)
        begin, at = at, at + _AROUND + length
        if at > len(data):
            raise FrameRefused(
                RejectionReason.TRUNCATED, f"a chunk of the PNG file says it has {length} bytes, more than the file"
            )
        yield kind, begin, at
        if kind == b"IEND":
            return
    raise FrameRefused(
        RejectionReason.UNSUPPORTED_CODING,
        f"the PNG file has more than {_MOST_CHUNKS} chunks, which is the limit",
    )
