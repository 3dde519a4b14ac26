"""Cutting faces out of frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.geometry import Box
from portero_server.vision.crops import crop_face

_ratio = st.floats(-0.2, 1.1)
_size = st.floats(0.01, 0.9)


@given(left=_ratio, top=_ratio, width=_size, height=_size, across=st.integers(80, 700), down=st.integers(80, 500))
def test_a_crop_is_large_enough_and_knows_its_face(
    left: float, top: float, width: float, height: float, across: int, down: int
) -> None:
    """Every crop has sides of 80 pixels at least, and its face is where it was in the frame, to the pixel."""
    rows, columns = np.mgrid[0:down, 0:across]
    frame = np.stack([rows % 256, columns % 256, rows // 256 * 16 + columns // 256], axis=-1).astype(np.uint8)
    face = Box(left, top, width, height)
    crop = crop_face(frame, face)
    high, wide = crop.pixels.shape[:2]
    assert high >= 80
    assert wide >= 80
    row = int(crop.pixels[0, 0, 0]) + int(crop.pixels[0, 0, 2]) // 16 * 256
    column = int(crop.pixels[0, 0, 1]) + int(crop.pixels[0, 0, 2]) % 16 * 256
    assert column + crop.face.left * wide == pytest.approx(left * across, abs=1e-6)
    assert row + crop.face.top * high == pytest.approx(top * down, abs=1e-6)
    assert (crop.face.width * wide, crop.face.height * high) == pytest.approx((width * across, height * down))


def test_a_crop_holds_head_and_shoulders() -> None:
    """Around a face in the middle of the frame more than half of its size is added on each side."""
    crop = crop_face(np.zeros((400, 600, 3), np.uint8), Box(0.4, 0.4, 0.2, 0.2))
    assert crop.pixels.shape[:2] == pytest.approx((80 * 2.2, 120 * 2.2), abs=2)
    assert crop.face.center == pytest.approx((0.5, 0.5), abs=0.01)


def test_a_crop_is_a_copy() -> None:
    """Changing the frame afterward leaves the crop as it was, so the frame can be let go."""
    frame = np.zeros((200, 200, 3), np.uint8)
    crop = crop_face(frame, Box(0.4, 0.4, 0.2, 0.2))
    frame[:] = 255
    assert crop.pixels.max() == 0
