"""Photos of every format, as the server takes them."""

from __future__ import annotations

import io
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from portero_cli.photo_formats import PhotoFormat, format_of, sendable
from portero_client import InvalidArgument
from portero_client.calls.images import MAX_IMAGE_BYTES
from portero_server.vision.photo import decode_photo
from tests.support.images.heic import HEIC


def halves(width: int = 160, height: int = 120) -> Image.Image:
    """Returns a picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", (width, height), (200, 30, 30))
    picture.paste((30, 30, 200), (width // 2, 0, width, height))
    return picture


def file(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Returns a picture as a file."""
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def colors(jpeg: bytes) -> tuple[str, str]:
    """Returns the color of the left and the right half, as the server decodes them."""
    pixels = decode_photo(jpeg, "image")
    row = pixels[len(pixels) // 2]
    blue, red = row[:, 0].astype(int), row[:, 2].astype(int)
    quarter = len(row) // 4
    return tuple("red" if red[at] > blue[at] else "blue" for at in (quarter, 3 * quarter))  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_the_server_takes_passes_untouched(kind: str) -> None:
    """A JPEG or PNG file within the limits comes back byte for byte."""
    data = file(halves(), kind)
    assert sendable(data, "a") is data


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "BMP", "TIFF"])
def test_other_formats_become_jpeg(kind: str) -> None:
    """Whatever the name of the file, its contents tell the format, and the server sees the same picture."""
    data = file(halves(), kind)
    found = format_of(data[:64])
    assert found is PhotoFormat[kind]
    assert colors(sendable(data, "photo.jpg")) == ("red", "blue")


def test_heic_becomes_jpeg() -> None:
    """The photo of an iPhone is decoded where the package for it is installed."""
    pytest.importorskip("pi_heif", reason="pi-heif is not installed")
    assert format_of(HEIC[:64]) is PhotoFormat.HEIC
    with Image.open(io.BytesIO(sendable(HEIC, "IMG_1.HEIC"))) as picture:
        assert picture.size == (96, 64)


def test_heic_without_its_package_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the package, and the way without it."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(InvalidArgument) as refused:
        sendable(HEIC, "IMG_1.HEIC")
    assert refused.value.reason == "NO_HEIC"
    assert refused.value.message == (
        "IMG_1.HEIC is a HEIC photo, and the package that reads it is missing: pip install 'portero[heic]',"
        " or save the photo as JPEG"
    )


def test_a_48_megapixel_photo_is_shrunk() -> None:
    """A phone's largest photo fits the server's limits afterward, upright as its EXIF says."""
    exif = Image.Exif()
    exif[0x0112] = 6
    large = file(halves(8000, 6000), "JPEG", exif=exif)
    sent = sendable(large, "large.jpg")
    height, width = decode_photo(sent, "image").shape[:2]
    assert (width, height) == (3000, 4000)


def test_a_photo_of_too_many_bytes_is_shrunk() -> None:
    """Noise, which no encoder makes small, fits in the end."""
    noise = np.random.default_rng(1).integers(0, 255, (2000, 2600, 3), np.uint8)
    large = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    assert len(large) > MAX_IMAGE_BYTES
    sent = sendable(large, "noise.jpg")
    assert len(sent) <= MAX_IMAGE_BYTES
    assert decode_photo(sent, "image").shape[0] > 800


def test_a_motion_photo_is_cut_behind_its_picture() -> None:
    """A short video behind the picture neither counts for the limit nor is sent."""
    data = file(halves(), "JPEG")
    assert sendable(b"\r\n" + data + b"\x00\x00\x00\x18ftypmp42" + bytes(6 * 1024 * 1024), "a.jpg") == data


def test_what_is_transparent_is_white() -> None:
    """A cut-out portrait stands on a white sheet, not on black."""
    sent = sendable(file(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "WEBP", lossless=True), "a.webp")
    assert decode_photo(sent, "image").min() > 250


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7", "NOT_A_PHOTO"),
        (b"\x00\x00\x00\x18ftypmp42", "NOT_A_PHOTO"),
        (file(halves(), "WEBP")[:60], "UNDECODABLE"),
        (file(halves(), "TIFF")[:200], "UNDECODABLE"),
        (file(halves(5000, 200), "PNG")[:2000], "UNDECODABLE"),
        (b"\xff\xd8\xff" + bytes(MAX_IMAGE_BYTES), "UNDECODABLE"),
        (b"BM" + bytes(60), "UNDECODABLE"),
    ],
)
def test_what_cannot_be_used_is_named(data: bytes, reason: str) -> None:
    """Each fault has its reason, and the message begins with the file."""
    with pytest.raises(InvalidArgument, match=r"^odd\.jpg ") as refused:
        sendable(data, "odd.jpg")
    assert refused.value.reason == reason


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    """A small file that claims 400 megapixels is refused by its header."""
    bomb = file(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(InvalidArgument, match="20000 x 20000 pixels"):
        sendable(bomb, "bomb.png")
