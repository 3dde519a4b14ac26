"""Images that nobody should send: cut off, inflated, flipped, and of other kinds. Made up, from a fixed seed."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from itertools import islice

import numpy as np

from portero_server.vision.opencv import cv2
from tests.support.images import jpegs

_SIDES = ((120, 96), (320, 240), (640, 480), (200, 700))


def sound_files() -> list[bytes]:
    """Returns twenty sound files of every coding that is taken."""
    files = []
    for width, height in _SIDES:
        for gray in (False, True):
            files += [jpegs.picture(width, height, progressive=progressive, gray=gray) for progressive in (False, True)]
    return [*files, *(jpegs.png(width, height) for width, height in _SIDES)]


def malformed_images(count: int, seed: int = 8) -> list[bytes]:
    """Returns so many images: a few bombs and strangers, the rest half truncations and half changed bytes."""
    draw = random.Random(seed)
    files = sound_files()
    special = [*bombs(), *strangers()]
    rest = count - len(special)
    cuts = list(_truncations(files, max(1, rest // 2 // len(files))))[: max(0, rest)]
    images = [*special[:count], *cuts, *islice(_flipped(files, draw), max(0, rest - len(cuts)))]
    draw.shuffle(images)
    return images


def bombs() -> list[bytes]:
    """Returns small files that ask for much memory or time."""
    large = np.random.default_rng(8).integers(0, 255, (300, 400, 3), dtype=np.uint8)
    _, progressive = cv2.imencode(".jpg", cv2.resize(large, (4000, 3000)), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    small = jpegs.picture(progressive=True)
    return [
        *(jpegs.with_frame_header(jpegs.picture(), width=side, height=side) for side in (3400, 4096, 30_000, 65_535)),
        *(jpegs.with_frame_header(small, width=width, height=4096) for width in (2900, 4096)),
        *(jpegs.with_scans(small, scans) for scans in (16, 17, 100, 2000)),
        jpegs.with_scans(progressive.tobytes(), 16),
        jpegs.with_scans(jpegs.with_frame_header(small, width=2900, height=4096), 16),
        *(_png(side, side, bits) for side in (4096, 4097, 30_000) for bits in (8, 16)),
        _png(4096, 4096, 16, interlaced=True),
        _png_with_text(64 * 1024 * 1024),
        _png_with_texts(600),
        _png_with_more(1 << 30),
        _png_that_claims(0x7FFF_FFFF),
        b"\xff\xd8" + b"\xff" * 4_000_000 + b"\xff\xd9",
        b"\xff\xd8" + jpegs.segment(0xE1, bytes(60_000)) * 80 + b"\xff\xd9",
        b"\xff\xd8" + bytes(5 * 1024 * 1024) + b"\xff\xd9",
        bytes(5 * 1024 * 1024 + 1),
    ]


def strangers() -> list[bytes]:
    """Returns files of other kinds, some of which OpenCV could open."""
    pixels = np.full((96, 120, 3), 90, np.uint8)
    others = [cv2.imencode(kind, pixels)[1].tobytes() for kind in (".bmp", ".webp", ".tiff", ".ppm")]
    words = [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"GIF89a" + bytes(40),
        b"%PDF-1.7\n",
        b"\x7fELF" + bytes(60),
    ]
    return [*others, *words, b"<html></html>", b"RIFF\x00\x00\x00\x00WEBPVP8 ", jpegs.picture() + b"PK\x03\x04" * 400]


def _truncations(files: list[bytes], each: int) -> Iterator[bytes]:
    for file in files:
        for at in np.linspace(0, len(file) - 1, each, dtype=int):
            yield file[: int(at)]


def _flipped(files: list[bytes], draw: random.Random) -> Iterator[bytes]:
    while True:
        file = bytearray(draw.choice(files))
        # Early bytes are headers and tables, which matter most.
        reach = draw.choice((700, len(file)))
        for _ in range(draw.choice((1, 2, 8, 60))):
            file[draw.randrange(2, min(reach, len(file)))] = draw.randrange(256)
        yield bytes(file)


def _png(width: int, height: int, bits: int, *, interlaced: bool = False) -> bytes:
    """Makes a PNG file of zeros, whose pixels take a thousand times its bytes."""
    rows = (1 + 4 * width * bits // 8) * height
    packer = zlib.compressobj(9)
    # Larger ones are refused by their header; their pixels need not be there.
    packed = [packer.compress(bytes(1 << 20)) for _ in range(0, rows if width <= 4096 else 0, 1 << 20)]
    header = struct.pack(">IIBBBBB", width, height, bits, 6, 0, 0, int(interlaced))
    return _png_file(_chunk(b"IHDR", header), _chunk(b"IDAT", b"".join(packed) + packer.flush()), _chunk(b"IEND", b""))


def _png_with_text(size: int) -> bytes:
    text = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(size), 9))
    return _png_file(jpegs.png()[8:33], text, jpegs.png()[33:])


def _png_with_texts(count: int) -> bytes:
    """Makes a PNG file with texts that are each just small enough for a decoder to unpack them."""
    text = _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(7 << 20), 9))
    return _png_file(jpegs.png()[8:33], text * count, jpegs.png()[33:])


def _png_with_more(size: int) -> bytes:
    """Makes a PNG file of a small picture, whose data goes on for so many zeros."""
    packer = zlib.compressobj(9)
    packed = [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    data = _chunk(b"IDAT", b"".join(packed) + packer.flush())
    return _png_file(jpegs.png()[8:33], data, _chunk(b"IEND", b""))


def _png_that_claims(length: int) -> bytes:
    sound = jpegs.png()
    at = sound.index(b"IDAT") - 4
    return sound[:at] + struct.pack(">I", length) + sound[at + 4 :]


def _png_file(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
