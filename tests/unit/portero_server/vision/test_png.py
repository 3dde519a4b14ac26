"""PNG files, bounded before they are decoded."""

from __future__ import annotations

import itertools
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.errors import InvalidInput
from portero_server.vision import png
from portero_server.vision.opencv import cv2
from portero_server.vision.photo import check_photo, decode_photo
from tests.support.images import jpegs, pngs

_KINDS = [
    (0, 1),
    (0, 2),
    (0, 4),
    (0, 8),
    (0, 16),
    (2, 8),
    (2, 16),
    (3, 1),
    (3, 4),
    (3, 8),
    (4, 8),
    (4, 16),
    (6, 8),
    (6, 16),
]
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _refused(data: bytes) -> FrameRefused:
    with pytest.raises(FrameRefused) as caught:
        png.bounded(data)
    return caught.value


def test_data_beyond_the_picture_is_refused_before_it_is_inflated() -> None:
    """A picture of 30 kB whose data inflates to gigabytes is refused at its first megabytes.

    What follows them here is no deflate data at all: a reader that went on would say that it cannot be decoded.
    """
    beginning = zlib.compress(bytes(64 << 20), 9)[:16_384]
    refusal = _refused(pngs.png(100, 100, beginning + b"\xff" * 100_000))
    assert refusal.reason is RejectionReason.TOO_MANY_BYTES
    assert "30100 bytes" in refusal.message


def test_a_photograph_that_inflates_without_end_is_refused() -> None:
    """The caller learns the field, and that the picture's size needs less."""
    with pytest.raises(InvalidInput) as caught:
        decode_photo(pngs.png(100, 100, zlib.compress(bytes(4 << 20), 9)), "person.image")
    assert (caught.value.field, caught.value.reason) == ("person.image", "TOO_MANY_BYTES")


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP", b"tEXt", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"sPLT"])
@pytest.mark.parametrize("place", [33, -12])
def test_what_is_not_the_picture_does_not_reach_the_decoder(kind: bytes, place: int) -> None:
    """Texts, profiles and further frames are left out wherever they stand: each could be packed a thousandfold."""
    sound = jpegs.png()
    packed = b"k\0\0" + zlib.compress(bytes(7 << 20), 9)
    crowded = sound[:place] + pngs.chunk(kind, packed) * 5 + sound[place:]
    assert png.bounded(crowded) == sound
    assert np.array_equal(decode_photo(crowded, "image"), decode_photo(sound, "image"))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(_KINDS), st.integers(1, 40), st.integers(1, 40), st.booleans())
def test_a_picture_needs_what_its_passes_need(kind: tuple[int, int], width: int, height: int, interlaced: bool) -> None:
    """For every kind of pixel, with and without interlacing, the bytes are those of its rows, counted one by one."""
    color, depth = kind
    data = pngs.png(width, height, b"", color=color, depth=depth, interlaced=interlaced)
    assert png._claimed(data) == (width, height, _counted(width, height, _CHANNELS[color] * depth, interlaced))


@pytest.mark.parametrize("pixels", ["gray", "color", "transparent", "sixteen"])
def test_sound_pictures_pass_unchanged(pixels: str) -> None:
    """What an encoder wrote is taken byte for byte."""
    shape, depth = {
        "gray": ((90, 100), np.uint8),
        "color": ((90, 100, 3), np.uint8),
        "transparent": ((90, 100, 4), np.uint8),
        "sixteen": ((90, 100, 3), np.uint16),
    }[pixels]
    noise = np.random.default_rng(1).integers(0, 255, shape).astype(depth)
    written = cv2.imencode(".png", noise)[1].tobytes()
    assert png.bounded(written) == written


def test_an_interlaced_picture_is_taken() -> None:
    """The data of seven passes is more than that of the rows, and not too much."""
    data = pngs.png(97, 83, zlib.compress(bytes(pngs.needed(97, 83, 24, True))), interlaced=True)
    assert decode_photo(data, "image").shape == (83, 97, 3)


@pytest.mark.parametrize(
    ("color", "depth", "interlace"), [(1, 8, 0), (5, 8, 0), (7, 8, 0), (2, 4, 0), (3, 16, 0), (0, 3, 0), (2, 8, 2)]
)
def test_kinds_of_pixels_that_png_does_not_have_are_refused(color: int, depth: int, interlace: int) -> None:
    """How much data a picture needs must be known before it is read."""
    header = struct.pack(">IIBBBBB", 100, 100, depth, color, 0, 0, interlace)
    data = png.SIGNATURE + pngs.chunk(b"IHDR", header) + pngs.chunk(b"IEND", b"")
    assert _refused(data).reason is RejectionReason.UNSUPPORTED_CODING


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_comes_is_refused_or_bounded(data: st.DataObject) -> None:
    """Damaged files end in a refusal with a reason or in a file that is no longer; nothing else is raised."""
    file = bytearray(jpegs.png())
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(8, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert len(png.bounded(bytes(file))) <= len(file)
        check_photo(bytes(file), "image")
    except (FrameRefused, InvalidInput):
        pass


def _counted(width: int, height: int, bits: int, interlaced: bool) -> int:
    """Counts pixels one by one, by the table in PNG's specification."""
    if not interlaced:
        return height * (1 + (width * bits + 7) // 8)
    table = ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"]
    rows: dict[tuple[int, int], int] = {}
    for y, x in itertools.product(range(height), range(width)):
        key = (int(table[y % 8][x % 8]), y)
        rows[key] = rows.get(key, 0) + 1
    return sum(1 + (pixels * bits + 7) // 8 for pixels in rows.values())
