"""Small gray pictures, and damaged picture data."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from portero_server.domain.streams.frames import FrameRefused, RejectionReason
from portero_server.vision.jpeg import decode_gray, encode_jpeg
from portero_server.vision.thumbnail import decode_thumbnail
from tests.support.images import jpegs
from tests.support.images.exif import oriented
from tests.support.images.portraits import collins

SOUND = encode_jpeg(collins(), 85)
SCAN = SOUND.rfind(b"\xff\xda") + 14
MIDDLE = (SCAN + len(SOUND)) // 2


@pytest.mark.parametrize("reduce", [1, 2, 4, 8])
@pytest.mark.parametrize(
    "file",
    [SOUND, jpegs.picture(123, 97), jpegs.picture(progressive=True), jpegs.picture(gray=True), oriented(SOUND, 6)],
    ids=["portrait", "odd sides", "progressive", "gray", "turned"],
)
def test_a_sound_file_has_the_pixels_of_any_decoder(file: bytes, reduce: Literal[1, 2, 4, 8]) -> None:
    """Pixel for pixel what OpenCV decodes, at every scale, and nothing is damaged."""
    thumbnail = decode_thumbnail(file, reduce)
    assert not thumbnail.damaged
    assert np.array_equal(thumbnail.pixels, decode_gray(file, reduce))


@pytest.mark.parametrize(
    "file",
    [
        SOUND[:MIDDLE] + b"\xff\xd9",
        SOUND[:MIDDLE] + SOUND[MIDDLE + 100 :],
        SOUND[:MIDDLE] + bytes(300) + SOUND[MIDDLE + 300 :],
        SOUND[:MIDDLE] + b"\xff\xd3" + SOUND[MIDDLE:],
    ],
    ids=["cut", "bytes lost", "zeros", "stray marker"],
)
def test_a_damaged_scan_is_noticed(file: bytes) -> None:
    """What is left of the picture is decoded, and marked."""
    thumbnail = decode_thumbnail(file, 8)
    assert thumbnail.damaged
    assert thumbnail.pixels.shape == (64, 64)


@pytest.mark.parametrize(
    "file",
    [
        SOUND[:-2] + bytes(200) + b"\xff\xd9",
        SOUND[:-2] + b"\xff" * 200 + b"\xff\xd9",
        SOUND + bytes(500),
        SOUND[:2] + jpegs.segment(0xE0, b"JFIF\x00\x07\x01" + bytes(7)) + SOUND[20:],
        SOUND[:2] + jpegs.segment(0xEE, b"Adobe" + bytes(6) + b"\x07") + SOUND[2:],
    ],
    ids=["zeros before the end", "filling before the end", "zeros behind the end", "odd version", "odd colors"],
)
def test_what_cameras_do_otherwise_is_no_damage(file: bytes) -> None:
    """Padding and odd headers leave the whole picture."""
    assert not decode_thumbnail(file, 8).damaged


def test_no_picture_at_all_is_refused() -> None:
    """Bytes that only begin as a JPEG file are undecodable."""
    with pytest.raises(FrameRefused) as refusal:
        decode_thumbnail(b"\xff\xd8\xff\xd9", 8)
    assert refusal.value.reason is RejectionReason.UNDECODABLE
