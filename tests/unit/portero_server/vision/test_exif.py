"""Pictures that ask to be turned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.streams.frames import FrameLimits
from portero_server.vision.exif import orientation_of, turned
from portero_server.vision.jpeg import HeaderCheck, check_header
from portero_server.vision.opencv import cv2
from tests.support.images import jpegs
from tests.support.images.exif import oriented, with_exif

PICTURE = jpegs.picture()


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_is_turned_as_opencv_does(orientation: int, big_endian: bool) -> None:
    """All eight orientations, in both byte orders, come out as another reader of EXIF shows them."""
    file = oriented(PICTURE, orientation, big_endian=big_endian)
    assert orientation_of(file) == orientation
    plain = cv2.imdecode(np.frombuffer(PICTURE, np.uint8), cv2.IMREAD_COLOR)
    shown = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert np.array_equal(turned(np.asarray(plain, np.uint8), orientation), shown)


def test_exif_behind_jfif_is_found() -> None:
    """The order of the two segments does not matter, nor what else is in EXIF."""
    tail = with_exif(PICTURE, [(0x0100, 5), (0x0112, 8)])[2:]
    assert orientation_of(b"\xff\xd8" + jpegs.segment(0xE0, b"JFIF\x00\x01\x01" + bytes(7)) + tail) == 8


@pytest.mark.parametrize("file", [PICTURE, with_exif(PICTURE, []), oriented(PICTURE, 9), oriented(PICTURE, 0)])
def test_what_asks_for_nothing_is_upright(file: bytes) -> None:
    """No EXIF, EXIF without an orientation, and an orientation that does not exist, leave the picture as it is."""
    assert orientation_of(file) == 1


@given(cut=st.integers(8, 60), junk=st.binary(max_size=60))
def test_broken_exif_is_upright_or_an_orientation(cut: int, junk: bytes) -> None:
    """Whatever the bytes are, there is an answer of 1 to 8."""
    assert 1 <= orientation_of(oriented(PICTURE, 6)[:cut] + junk) <= 8


@given(st.lists(st.integers(0, 9), min_size=1, max_size=12))
def test_a_file_is_sized_by_its_own_orientation_whatever_came_before(orientations: list[int]) -> None:
    """A camera may turn its pictures at any time: 0 stands for a file without EXIF, 9 for an orientation unheard of."""
    check = HeaderCheck(FrameLimits())
    for orientation in orientations:
        file = oriented(PICTURE, orientation) if orientation else PICTURE
        assert check.check(file) == check_header(file, FrameLimits())
