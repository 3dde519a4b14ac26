"""JPEG files among other bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.vision.jpeg_ends import whole_jpeg
from tests.support.images import jpegs

PICTURE = jpegs.picture()
WITH_THUMBNAIL = PICTURE[:2] + jpegs.segment(0xE1, b"Exif\x00\x00" + jpegs.picture(80, 80)) + PICTURE[2:]


@pytest.mark.parametrize("picture", [PICTURE, jpegs.picture(progressive=True), WITH_THUMBNAIL])
@given(before=st.text("\r\n\t \x00", max_size=8), after=st.binary(max_size=300))
def test_a_picture_is_found_whatever_stands_around_it(picture: bytes, before: str, after: bytes) -> None:
    """White space before and any bytes behind are cut."""
    assert whole_jpeg(before.encode() + picture + after) == picture


@given(st.binary(max_size=300))
def test_what_is_no_whole_jpeg_is_left_alone(data: bytes) -> None:
    """Other formats, and pictures that were cut, come back as they are."""
    assert whole_jpeg(b"x" + data) == b"x" + data
    assert whole_jpeg(PICTURE[:-200]) == PICTURE[:-200]


def test_a_sound_file_is_not_copied() -> None:
    """The usual file comes back as the same object."""
    assert whole_jpeg(PICTURE) is PICTURE


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\x01", b"\xff\xe0\x00\x02", b"\xff\x00", b"\xff\xd0"])
def test_hostile_files_take_no_time(filling: bytes) -> None:
    """Five megabytes of markers are given up on."""
    data = b"\xff\xd8" + filling * (5_000_000 // len(filling)) + b"\x00"
    began = time.process_time()
    assert whole_jpeg(data) is data
    assert time.process_time() - began < 1.0
