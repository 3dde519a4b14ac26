"""Reads photo files for the command line."""

from __future__ import annotations

from pathlib import Path

from portero_client import InvalidArgument
from portero_client.calls.images import MAX_IMAGE_BYTES

SUFFIXES = (".jpg", ".jpeg", ".png")


def check_photo(path: Path) -> None:
    """Checks a photo file without reading its contents.

    Raises:
        InvalidArgument: It is not there, is no file, is empty, or has more than 5 MiB.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from None
    if path.is_dir():
        raise InvalidArgument(f"{path} is a folder, not a photo", field="image", reason="UNREADABLE")
    if not size:
        raise InvalidArgument(f"{path} is empty", field="image", reason="EMPTY")
    if size > MAX_IMAGE_BYTES:
        raise InvalidArgument(
            f"{path} has {size:,} bytes; at most {MAX_IMAGE_BYTES:,} (5 MiB) are taken",
            field="image",
            reason="TOO_MANY_BYTES",
        )


def read_photo(path: Path) -> bytes:
    """Returns the bytes of a photo.

    Raises:
        InvalidArgument: As `check_photo`, or it may not be read.
    """
    check_photo(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def photos_in(folder: Path) -> list[Path]:
    """Returns the photo files of a folder by name; hidden files and other kinds are left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _unreadable(path: Path, error: OSError) -> InvalidArgument:
    words = (error.strerror or "no such file").lower()
    return InvalidArgument(f"{path} cannot be read: {words}", field="image", reason="UNREADABLE")
