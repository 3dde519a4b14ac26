"""Images are made to fit, or left untouched."""

import struct

import cv2
import numpy as np
from hypothesis import given, strategies

from portero_bridge.images.encoder import Encoder, jpeg_size
from portero_client.streaming.frames import ImageLimits
from tests.support.bridge.pictures import picture
from tests.support.images import jpegs


def test_jpeg_that_fits_is_not_touched() -> None:
    """A camera's own JPEG within the bounds passes without being decoded."""
    encoder = Encoder(max_side=160, quality=85, limits=ImageLimits(100_000))
    assert encoder.fits(picture(1))


def test_larger_jpeg_is_shrunk_to_the_longest_side() -> None:
    """The shape stays, and the longest side is the wanted one."""
    encoder = Encoder(max_side=80, quality=85, limits=ImageLimits(100_000))
    large = picture(1, 640, 480)
    assert not encoder.fits(large)
    assert jpeg_size(encoder.encode(large)) == (80, 60)


def test_decoded_picture_is_encoded() -> None:
    """Pixels become a JPEG of the same size."""
    encoder = Encoder(max_side=None, quality=85, limits=ImageLimits(100_000))
    pixels = np.zeros((60, 100, 3), np.uint8)
    assert not encoder.fits(pixels)
    assert jpeg_size(encoder.encode(pixels)) == (100, 60)


def test_too_many_bytes_are_shrunk_until_they_fit() -> None:
    """A noisy picture over the limit of bytes comes out under it."""
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    encoder = Encoder(max_side=None, quality=95, limits=ImageLimits(50_000))
    shrunk = encoder.encode(noise)
    assert len(shrunk) <= 50_000
    assert jpeg_size(shrunk) is not None


@given(
    width=strategies.integers(80, 700),
    height=strategies.integers(80, 700),
    max_side=strategies.integers(100, 700),
    max_pixels=strategies.integers(10_000, 300_000),
)
def test_an_image_beyond_the_servers_limits_is_shrunk(width: int, height: int, max_side: int, max_pixels: int) -> None:
    """Without any setting, each image fits what the server takes, and one that fits already is left alone."""
    encoder = Encoder(None, 85, ImageLimits(max_side=max_side, max_pixels=max_pixels))
    image = picture(1, width, height)
    takes = max(width, height) <= max_side and width * height <= max_pixels
    assert encoder.fits(image) == takes
    size = jpeg_size(encoder.encode(image))
    assert size is not None
    assert max(size) <= max_side
    assert size[0] * size[1] <= max_pixels
    if not takes:
        assert encoder.fits(encoder.encode(image))


def test_an_image_that_is_shrunk_is_turned_upright() -> None:
    """The EXIF that said how to turn it is gone with the old file, so the new one has to be upright."""
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHII", 1, 0x0112, 3, 1, 6) + bytes(4)
    plain = picture(1, 640, 480)
    turned = plain[:2] + jpegs.segment(0xE1, b"Exif\x00\x00" + tiff) + plain[2:]
    assert jpeg_size(Encoder(320, 85, ImageLimits()).encode(turned)) == (240, 320)


def test_what_cannot_be_decoded_goes_on_as_it_is() -> None:
    """The server says what is wrong with a broken file, the bridge does not judge."""
    broken = b"\xff\xd8" + b"nonsense" * 100
    encoder = Encoder(max_side=100, quality=85, limits=ImageLimits(100))
    assert encoder.encode(broken) == broken
    assert Encoder(max_side=100, quality=85, limits=ImageLimits(100_000)).fits(broken)


def test_server_can_lower_the_side_and_the_bytes() -> None:
    """A Directive shrinks pictures under the configured side, and never over it."""
    encoder = Encoder(max_side=320, quality=85, limits=ImageLimits(100_000))
    encoder.ask(max_side=100)
    assert encoder.max_side == 100
    encoder.ask(max_side=4000)
    assert encoder.max_side == 320
    encoder.limit(ImageLimits(10))
    assert not encoder.fits(picture(1))


def test_size_is_read_from_every_header() -> None:
    """Progressive files and files with comments and EXIF tell their size too."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    _, progressive = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    assert jpeg_size(progressive.tobytes()) == (64, 48)
    plain = picture(1)
    commented = plain[:2] + b"\xff\xfe\x00\x06abcd\xff" + plain[2:]
    assert jpeg_size(commented) == (160, 120)


@given(cut=strategies.integers(0, 700), junk=strategies.binary(max_size=40))
def test_reading_a_size_never_fails(cut: int, junk: bytes) -> None:
    """Any bytes give a size or None."""
    size = jpeg_size(picture(1)[:cut] + junk)
    assert size is None or min(size) >= 0


def test_a_picture_too_large_to_decode_comes_back_untouched() -> None:
    """A header that claims more pixels than OpenCV may decode is left to the server, and stops no camera."""
    bomb = jpegs.with_frame_header(jpegs.picture(), width=65_500, height=65_500)
    encoder = Encoder(640, 85, ImageLimits())
    assert not encoder.fits(bomb)
    assert encoder.encode(bomb) == bomb
