"""PNG files put together by hand, soundly and not."""

from __future__ import annotations

import struct
import zlib

_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Makes one chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, packed: bytes, *, color: int = 2, depth: int = 8, interlaced: bool = False) -> bytes:
    """Makes a file whose picture data is `packed`, in one chunk."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def needed(width: int, height: int, bits: int, interlaced: bool) -> int:
    """Returns how many bytes picture data of so many bits a pixel has before it is packed."""
    if not interlaced:
        return height * (1 + (width * bits + 7) // 8)
    sizes = [((width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in _PASSES]
    return sum(down * (1 + (across * bits + 7) // 8) for across, down in sizes if across > 0 and down > 0)


def inflating_png(side: int = 64, inflated: int = 4 * 1024**3) -> bytes:
    """Returns a PNG of side x side pixels whose data inflates to gigabytes: a thousandth of that, made in a moment.

    Args:
        side: Pixels across and down, which is what the file claims.
        inflated: Bytes of zeros it inflates to, a multiple of 16 MiB.
    """
    block, times = bytes(16 * 1024 * 1024), inflated // (16 * 1024 * 1024)
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    # Flushed fully, a block does not refer to what came before it, and may be had again for nothing.
    packed = compressor.compress(block) + compressor.flush(zlib.Z_FULL_FLUSH)
    # Of nothing but zeros: the sum is 1, the sum of sums their number.
    checksum = inflated % 65_521 << 16 | 1
    return png(side, side, b"\x78\xda" + packed * times + compressor.flush() + struct.pack(">I", checksum))
