"""Image files as an attacker would send them, up to the point where a decoder would see them."""

from __future__ import annotations

from contextlib import suppress

from portero_bridge.images.encoder import jpeg_size
from portero_server.domain.streams.frames import FrameLimits, FrameRefused
from portero_server.errors import InvalidInput
from portero_server.vision.jpeg import check_header
from portero_server.vision.photo import check_photo
from tests.support.images import jpegs

_LIMITS = FrameLimits()


def jpeg_header(data: bytes) -> None:
    """The header walk answers within the limits, or refuses."""
    try:
        width, height = check_header(data, _LIMITS)
    except FrameRefused:
        return
    assert _LIMITS.min_side <= min(width, height)
    assert max(width, height) <= _LIMITS.max_side
    assert width * height <= _LIMITS.max_pixels


def jpeg_header_seeds() -> list[bytes]:
    """Returns sound files, and each with its marker segments in other places."""
    sound = [
        jpegs.picture(),
        jpegs.picture(gray=True),
        jpegs.picture(progressive=True),
        jpegs.with_scans(jpegs.picture(progressive=True), 30),
        jpegs.with_frame_header(jpegs.picture(), width=4096, height=2900),
    ]
    comment = jpegs.segment(0xFE, b"synthetic")
    return [*sound, *(file[:2] + comment * 3 + b"\xff" * 4 + file[2:] for file in sound)]


def photo_header(data: bytes) -> None:
    """A photograph's header is taken or refused by name."""
    with suppress(InvalidInput):
        check_photo(data, "image")


def photo_header_seeds() -> list[bytes]:
    """Returns both kinds of file."""
    return [jpegs.picture(), jpegs.png(), jpegs.png(width=4096, height=4096)[:4096]]


def bridge_jpeg_size(data: bytes) -> None:
    """The bridge reads a size, or none."""
    size = jpeg_size(data)
    assert size is None or all(0 <= side <= 0xFFFF for side in size)


def bridge_jpeg_size_seeds() -> list[bytes]:
    """Returns the server's."""
    return jpeg_header_seeds()
