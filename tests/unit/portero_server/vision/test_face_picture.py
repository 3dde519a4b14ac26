"""Pictures for people are small, whatever they show."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.face_picture import small_jpeg
from portero_server.vision.jpeg import decode_color
from portero_server.vision.pixels import Pixels
from tests.support.server.picture_house import noise


def _decoded(jpeg: bytes | None) -> Pixels:
    assert jpeg is not None
    return decode_color(jpeg)


@pytest.mark.parametrize(
    ("width", "height", "shape"), [(640, 320, (80, 160)), (90, 300, (160, 48)), (60, 40, (40, 60))]
)
def test_the_longer_side_is_bounded_and_the_shape_stays(width: int, height: int, shape: tuple[int, int]) -> None:
    """What is smaller is not enlarged."""
    flat = np.full((height, width, 3), 90, np.uint8)
    assert _decoded(small_jpeg(flat, 160, 20_000)).shape == (*shape, 3)


def test_what_is_hard_to_compress_gets_smaller_until_it_fits() -> None:
    """Noise of 400 pixels takes far more than two kilobytes at any quality."""
    jpeg = small_jpeg(noise(400), 400, 2_000)
    assert jpeg is not None
    assert len(jpeg) <= 2_000
    assert 16 <= _decoded(jpeg).shape[0] < 100


def test_nothing_is_made_that_would_show_nothing() -> None:
    """No JPEG file of a hundred bytes does."""
    assert small_jpeg(noise(), 120, 100) is None
