"""Images are made to fit, or left untouched."""

import cv2
import numpy as np
from hypothesis import given, strategies

from portero_bridge.images.encoder import Encoder, jpeg_size
from tests.support.bridge.pictures import picture
from tests.support.images import jpegs


def test_jpeg_that_fits_is_not_touched() -> None:
    """A camera's own JPEG within the bounds passes without being decoded."""
    encoder = Encoder(max_side=160, quality=85, max_bytes=100_000)
    assert encoder.fits(picture(1))


def test_larger_jpeg_is_shrunk_to_the_longest_side() -> None:
    """The shape stays, and the longest side is the wanted one."""
    encoder = Encoder(max_side=80, quality=85, max_bytes=100_000)
    large = picture(1, 640, 480)
    assert not encoder.fits(large)
    assert jpeg_size(encoder.encode(large)) == (80, 60)


def test_decoded_picture_is_encoded() -> None:
    """Pixels become a JPEG of the same size."""
    encoder = Encoder(max_side=None, quality=85, max_bytes=100_000)
    pixels = np.zeros((60, 100, 3), np.uint8)
    assert not encoder.fits(pixels)
    assert jpeg_size(encoder.encode(pixels)) == (100, 60)


def test_too_many_bytes_are_shrunk_until_they_fit() -> None:
    """A noisy picture over the limit of bytes comes out under it."""
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)
    encoder = Encoder(max_side=None, quality=95, max_bytes=50_000)
    shrunk = encoder.encode(noise)
    assert len(shrunk) <= 50_000
    assert jpeg_size(shrunk) is not None


def test_what_cannot_be_decoded_goes_on_as_it_is() -> None:
    """The server says what is wrong with a broken file, the bridge does not judge."""
    broken = b"\xff\xd8" + b"nonsense" * 100
    encoder = Encoder(max_side=100, quality=85, max_bytes=100)
    assert encoder.encode(broken) == broken
    assert Encoder(max_side=100, quality=85, max_bytes=100_000).fits(broken)


def test_server_can_lower_the_side_and_the_bytes() -> None:
    """A Directive shrinks pictures under the configured side, and never over it."""
    encoder = Encoder(max_side=320, quality=85, max_bytes=100_000)
    encoder.ask(max_side=100)
    assert encoder.max_side == 100
    encoder.ask(max_side=4000)
    assert encoder.max_side == 320
    encoder.ask(max_bytes=10)
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
    encoder = Encoder(640, 85, 5_000_000)
    assert not encoder.fits(bomb)
    assert encoder.encode(bomb) == bomb
