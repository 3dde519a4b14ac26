"""Makes of a picture file what the server takes: a JPEG or PNG file of bounded size.

What a file is says its beginning, not its name. Pillow is loaded only when a picture is looked at.
"""

from __future__ import annotations

import io
from enum import Enum
from typing import TYPE_CHECKING

from portero_client import InvalidArgument
from portero_client.calls.images import MAX_IMAGE_BYTES
from portero_client.jpeg_file import trim_jpeg

if TYPE_CHECKING:
    from PIL import Image

HEAD_BYTES = 64
"""So many bytes of a file tell its format, white space before it included."""

# The longest side that the server takes, pixels; a larger photo is made smaller here.
_MAX_SIDE = 4096
# 200-megapixel phones are the largest cameras that people have; their decoded pictures take 600 MB.
_MOST_PIXELS_DECODED = 220_000_000
_QUALITY = 92
# Each further try at the byte limit takes so much off the sides.
_SHRINK_STEP = 0.8

_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))


class PhotoFormat(Enum):
    """A format of picture files, with Pillow's name for it."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    HEIC = "HEIF"
    AVIF = "AVIF"
    BMP = "BMP"
    TIFF = "TIFF"


def format_of(head: bytes) -> PhotoFormat | None:
    """Returns the format of a picture file by its first bytes, or None if it is not a picture."""
    head = head.lstrip(b"\r\n\t ") or head
    if head.startswith(b"\xff\xd8"):
        return PhotoFormat.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PhotoFormat.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PhotoFormat.WEBP
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return PhotoFormat.HEIC if brand in _HEIC_BRANDS else PhotoFormat.AVIF if brand in _AVIF_BRANDS else None
    if head.startswith((b"II*\x00", b"MM\x00*")):
        return PhotoFormat.TIFF
    return PhotoFormat.BMP if head.startswith(b"BM") else None


def sendable(data: bytes, name: str) -> bytes:
    """Returns a photo as the server takes it.

    A JPEG or PNG file within the server's limits comes back byte for byte, less what stands around the picture. Any
    other photo becomes a JPEG file, turned upright as its EXIF says and shrunk where it is too large. Takes up to a
    second for a 48-megapixel photo.

    Args:
        data: The whole file.
        name: Name of the file, for errors.

    Raises:
        InvalidArgument: It is not a picture, is broken, has too many pixels, or a package to read it is missing.
    """
    kind = format_of(data[:HEAD_BYTES])
    if kind is None:
        raise _unusable(name, "is not a photo: JPEG, PNG, WebP, HEIC, AVIF, BMP and TIFF are taken", "NOT_A_PHOTO")
    passes = kind in (PhotoFormat.JPEG, PhotoFormat.PNG)
    if kind is PhotoFormat.JPEG:
        data = trim_jpeg(data).file
    try:
        picture = _opened(data, kind, name)
    except OSError:
        # The server is the one that says what is wrong with a file of its formats.
        if passes and len(data) <= MAX_IMAGE_BYTES:
            return data
        raise _unusable(name, "is damaged: it cannot be decoded", "UNDECODABLE") from None
    if passes and len(data) <= MAX_IMAGE_BYTES and max(picture.size) <= _MAX_SIDE:
        return data
    try:
        return _encoded(picture)
    except (OSError, SyntaxError, ValueError):
        raise _unusable(name, "is damaged: it cannot be decoded", "UNDECODABLE") from None


def _opened(data: bytes, kind: PhotoFormat, name: str) -> Image.Image:
    """Reads a picture's header. Raises OSError if it has none."""
    from PIL import Image

    if kind is PhotoFormat.HEIC:
        _learn_heic(name)
    # Ours is the limit: Pillow's warns from 89 megapixels on.
    Image.MAX_IMAGE_PIXELS = None
    picture = Image.open(io.BytesIO(data), formats=[kind.value])
    width, height = picture.size
    if width * height > _MOST_PIXELS_DECODED:
        raise _unusable(
            name, f"has {width} x {height} pixels; at most {_MOST_PIXELS_DECODED:,} are decoded", "BAD_DIMENSIONS"
        )
    return picture


def _learn_heic(name: str) -> None:
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        raise _unusable(
            name,
            "is a HEIC photo, and the package that reads it is missing: pip install 'portero[heic]',"
            " or save the photo as JPEG",
            "NO_HEIC",
        ) from None
    register_heif_opener(thumbnails=False)


def _encoded(picture: Image.Image) -> bytes:
    """Returns a picture as an upright JPEG file within the server's limits. Raises OSError if it is damaged."""
    from PIL import Image, ImageOps

    # JPEG files are decoded at a half or a quarter where that is still large enough, in a quarter of time and memory.
    picture.draft("RGB", (_MAX_SIDE // 2, _MAX_SIDE // 2))
    upright = ImageOps.exif_transpose(picture)
    if upright.has_transparency_data:
        # What is transparent is most often a white sheet of paper or a cut-out; black would swallow dark hair.
        layered = upright.convert("RGBA")
        upright = Image.new("RGBA", layered.size, "white")
        upright.alpha_composite(layered)
    upright = upright.convert("RGB")
    side = _MAX_SIDE
    while True:
        upright.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
        file = io.BytesIO()
        upright.save(file, "JPEG", quality=_QUALITY)
        if file.tell() <= MAX_IMAGE_BYTES:
            return file.getvalue()
        side = int(max(upright.size) * _SHRINK_STEP)


def _unusable(name: str, words: str, reason: str) -> InvalidArgument:
    return InvalidArgument(f"{name} {words}", field="image", reason=reason)
