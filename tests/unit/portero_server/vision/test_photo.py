"""Photographs that come with a call."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest

from portero_server.errors import InvalidInput
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.opencv import cv2
from portero_server.vision.photo import decode_photo
from tests.support.images import jpegs
from tests.support.images.portraits import collins


def _png(pixels: object) -> bytes:
    _, data = cv2.imencode(".png", np.asarray(pixels))
    return data.tobytes()


def _refusal(data: bytes) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        decode_photo(data, "person.image")
    assert refusal.value.field == "person.image"
    assert refusal.value.message.startswith("person.image: ")
    return refusal.value


def test_jpeg_and_png_are_decoded() -> None:
    """A photograph in either format comes out as the same three-color picture."""
    from_png = decode_photo(_png(collins()), "image")
    from_jpeg = decode_photo(encode_jpeg(collins(), 95), "image")
    assert np.array_equal(from_png, collins())
    assert np.abs(from_jpeg.astype(int) - collins()).mean() < 3


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((90, 100), np.uint8), np.zeros((90, 100, 4), np.uint8), np.zeros((90, 100, 3), np.uint16)],
    ids=["gray", "transparent", "sixteen bits"],
)
def test_every_kind_of_png_has_three_colors(pixels: object) -> None:
    """Gray, transparent and deep PNG files become height x width x 3 of 8 bits."""
    decoded = decode_photo(_png(pixels), "image")
    assert decoded.shape == (90, 100, 3)
    assert decoded.dtype == np.uint8


def test_a_phones_photograph_is_turned_upright() -> None:
    """An EXIF orientation of a quarter turn is obeyed: width and height change places."""
    tiff = b"II*\x00\x08\x00\x00\x00" + struct.pack("<HHHII", 1, 0x0112, 3, 1, 6) + bytes(4)
    picture = jpegs.picture(120, 96)
    turned = picture[:2] + jpegs.segment(0xE1, b"Exif\x00\x00" + tiff) + picture[2:]
    assert decode_photo(picture, "image").shape == (96, 120, 3)
    assert decode_photo(turned, "image").shape == (120, 96, 3)


@pytest.mark.parametrize("rest", [bytes(4096), bytes(range(96)), b"\x00\x00\x00\x18ftypmp42" + bytes(2000)])
def test_what_stands_around_a_jpeg_does_not_matter(rest: bytes) -> None:
    """White space before the start is skipped; a buffer, junk or a phone's short video behind the end is cut."""
    wanted = decode_photo(jpegs.picture(), "image")
    assert np.array_equal(decode_photo(b"\r\n" + jpegs.picture() + rest, "image"), wanted)


@pytest.mark.parametrize(
    ("data", "reason", "says"),
    [
        (b"", "EMPTY", "no bytes"),
        (b"not an image", "NOT_JPEG", "neither a JPEG nor a PNG"),
        (jpegs.picture() + bytes(5 * 1024 * 1024), "TOO_MANY_BYTES", "5242880"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5 * 1024 * 1024), "TOO_MANY_BYTES", "5242880"),
        (jpegs.picture()[:-100], "TRUNCATED", "end marker"),
        (jpegs.picture(79, 200), "BAD_DIMENSIONS", "80 to 4096"),
        (b"\x89PNG\r\n\x1a\n", "TRUNCATED", "within its header"),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "UNDECODABLE", "header"),
    ],
    ids=["empty", "no image", "large jpeg", "large png", "cut", "small", "png start", "png garbage"],
)
def test_what_is_no_photograph_is_refused(data: bytes, reason: str, says: str) -> None:
    """Each fault has its reason, and the message names the field and the limit."""
    refusal = _refusal(data)
    assert refusal.reason == reason
    assert says in refusal.message


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (4097, 100), (100, 79)])
def test_a_png_is_judged_before_it_is_decoded(width: int, height: int) -> None:
    """A PNG that claims another size is refused by its header alone, whatever follows."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    assert _refusal(data).reason == "BAD_DIMENSIONS"


def test_a_broken_png_is_refused() -> None:
    """A PNG whose picture data is not what it should be cannot be decoded."""
    sound = _png(collins())
    at = sound.index(b"IDAT") + 4
    assert _refusal(sound[:at] + bytes(100) + sound[at + 100 :]).reason == "UNDECODABLE"


@pytest.mark.parametrize("length", [0x7FFF_FFFF, 0xFFFF_FFFF, 100_000])
def test_a_png_says_no_more_than_it_holds(length: int) -> None:
    """A chunk that claims more bytes than the file has is refused before a decoder makes room for them."""
    sound = jpegs.png()
    at = sound.index(b"IDAT") - 4
    refusal = _refusal(sound[:at] + struct.pack(">I", length) + sound[at + 4 :])
    assert refusal.reason == "TRUNCATED"
    assert f"{length} bytes" in refusal.message


def test_a_png_ends_with_its_last_chunk() -> None:
    """A PNG without its end is refused, and whatever follows the end is not looked at."""
    sound = jpegs.png()
    refusal = _refusal(sound[:-12])
    assert (refusal.reason, "no end chunk" in refusal.message) == ("TRUNCATED", True)
    followed = sound + struct.pack(">I4s", 0x7FFF_FFFF, b"tEXt")
    assert np.array_equal(decode_photo(followed, "image"), decode_photo(sound, "image"))


def test_a_png_has_a_limited_number_of_chunks() -> None:
    """Walking the chunks of a file takes a bounded time."""
    sound = jpegs.png()
    comment = struct.pack(">I4sI", 0, b"tEXt", zlib.crc32(b"tEXt"))
    refusal = _refusal(sound[:33] + comment * 10_000 + sound[33:])
    assert refusal.reason == "UNSUPPORTED_CODING"
    assert "10000 chunks" in refusal.message
