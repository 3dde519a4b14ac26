"""Files of cameras and folders are decoded within bounds."""

import zlib

import cv2
import numpy as np
import pytest

from portero_bridge.images.decoding import decode
from portero_bridge.images.encoder import Encoder
from portero_client.streaming.frames import ImageLimits
from tests.support.images import jpegs, pngs


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tiff"])
def test_formats_of_cameras_are_decoded(suffix: str) -> None:
    """Every format that a folder's names allow comes out as a picture of three colors."""
    written = cv2.imencode(suffix, np.full((90, 120, 3), 77, np.uint8))[1].tobytes()
    decoded = decode(written)
    assert decoded is not None
    assert decoded.shape == (90, 120, 3)


@pytest.mark.parametrize("suffix", [".ppm", ".hdr", ".ras", ".jp2"])
def test_other_formats_are_not_tried(suffix: str) -> None:
    """What no camera writes is not given to a decoder, whatever it is called."""
    assert decode(cv2.imencode(suffix, np.full((90, 120, 3), 77, np.uint8))[1].tobytes()) is None


def test_a_png_that_inflates_without_end_is_not_decoded() -> None:
    """A picture of 43 kB whose data is 64 MB is not a picture; neither is one that says it has a hundred megapixels."""
    assert decode(pngs.png(120, 90, zlib.compress(bytes(64 << 20), 9))) is None
    assert decode(pngs.png(10_000, 10_000, zlib.compress(bytes(1 << 20), 9))) is None


def test_a_flat_png_may_inflate_to_its_own_rows_only() -> None:
    """One row of a thousand pixels is no excuse for eight more, and only the header tells how many there are."""
    row = bytes(1 + 3 * 1000)
    assert decode(pngs.png(1000, 1, zlib.compress(row))) is not None
    assert decode(pngs.png(1000, 1, zlib.compress(row + bytes(8 * 1000), 9))) is None
    claimed = pngs.png(1000, 1, zlib.compress(row)).replace(b"IHDR", b"tEXt", 1)
    assert decode(claimed) is None


def test_what_a_png_holds_beside_its_picture_is_left_out() -> None:
    """Packed texts do not reach the decoder, and the picture does."""
    sound = jpegs.png()
    text = pngs.chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(7 << 20), 9))
    decoded = decode(sound[:33] + text * 100 + sound[33:])
    assert decoded is not None
    assert (decoded == 77).all()


@pytest.mark.parametrize("size", range(8, 60))
def test_a_png_cut_anywhere_is_none(size: int) -> None:
    """A file that ends early is answered, not raised about."""
    assert decode(jpegs.png()[:size]) is None


def test_a_jpeg_with_hundreds_of_scans_is_not_decoded() -> None:
    """Each scan costs a pass over the picture; the file goes on as it is, and the server refuses it."""
    many = jpegs.with_scans(jpegs.picture(progressive=True), 500)
    assert decode(many) is None
    assert Encoder(max_side=80, quality=85, limits=ImageLimits(100_000_000)).encode(many) == many
