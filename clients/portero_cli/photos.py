"""Reads photo files and folders of them for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from portero_cli.photo_formats import HEAD_BYTES, format_of, sendable
from portero_client import InvalidArgument
from portero_client.file_names import is_clutter, natural_order

PHOTO_HELP = "JPEG, PNG, WebP or HEIC file."
"""What a photo may be, for the help of commands."""

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Most bytes of a photo. Those of 200 megapixels, and phones' with a short video behind the picture, stay below it."""

# Names that promise a photo: a file that breaks the promise is told as damaged, not passed over as something else.
_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif", ".bmp", ".tif", ".tiff")
)


def check_photo(path: Path) -> None:
    """Checks a photo file without reading its contents.

    Raises:
        InvalidArgument: It is not there, is not a file, is empty, or has more than 256 MiB.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from None
    if path.is_dir():
        raise InvalidArgument(f"{path} is a folder, not a photo", field="image", reason="UNREADABLE")
    check_size(str(path), size)


def check_size(name: str, size: int) -> None:
    """Checks the size of a photo, bytes.

    Raises:
        InvalidArgument: It is empty, or has more than 256 MiB.
    """
    if not size:
        raise InvalidArgument(f"{name} is empty", field="image", reason="EMPTY")
    if size > MAX_FILE_BYTES:
        raise InvalidArgument(
            f"{name} has {size:,} bytes; at most {MAX_FILE_BYTES:,} (256 MiB) are read",
            field="image",
            reason="TOO_MANY_BYTES",
        )


def read_photo(path: Path) -> bytes:
    """Returns a photo as the server takes it: a JPEG or PNG file of at most 5 MiB; see `photo_formats.sendable`.

    Raises:
        InvalidArgument: As `check_photo`, or it may not be read, or is not a photo that can be decoded here.
    """
    check_photo(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    return sendable(data, str(path))


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """The contents of a folder in natural order, without what is hidden.

    Attributes:
        photos: Files that are photos, or have the name of one.
        others: Other files.
        folders: Folders in it.
    """

    photos: tuple[Path, ...]
    others: tuple[Path, ...]
    folders: tuple[Path, ...]


class PhotoStore(Protocol):
    """Where photos are read from: the disk, or an archive, whose paths are those in it."""

    def look_into(self, folder: Path) -> PhotoFolder:
        """Sorts the contents of a folder. Raises InvalidArgument if it may not be read."""
        ...

    def check(self, photo: Path) -> None:
        """Checks a photo without reading its contents. Raises InvalidArgument if it cannot be one."""
        ...

    def read(self, photo: Path) -> bytes:
        """Returns a photo as the server takes it. Raises InvalidArgument if it is not a photo."""
        ...

    def stamp(self, photo: Path) -> str:
        """Returns what changes when the file changes; empty if there is none."""
        ...


class PhotosOnDisk:
    """Photos as files. Implements `PhotoStore`."""

    def look_into(self, folder: Path) -> PhotoFolder:
        """See `PhotoStore`."""
        return look_into(folder)

    def check(self, photo: Path) -> None:
        """See `PhotoStore`."""
        check_photo(photo)

    def read(self, photo: Path) -> bytes:
        """See `PhotoStore`."""
        return read_photo(photo)

    def stamp(self, photo: Path) -> str:
        """See `PhotoStore`."""
        try:
            found = photo.stat()
        except OSError:
            return ""
        return f"{found.st_size}:{found.st_mtime_ns}"


ON_DISK = PhotosOnDisk()


def look_into(folder: Path) -> PhotoFolder:
    """Sorts the contents of a folder.

    Raises:
        InvalidArgument: It may not be read.
    """
    try:
        meant = sorted((path for path in folder.iterdir() if not is_clutter(path)), key=natural_order)
    except OSError as error:
        raise _unreadable(folder, error) from None
    folders: list[Path] = []
    photos: list[Path] = []
    others: list[Path] = []
    for path in meant:
        (folders if path.is_dir() else photos if _is_photo(path) else others).append(path)
    return PhotoFolder(tuple(photos), tuple(others), tuple(folders))


def photos_in(folder: Path) -> list[Path]:
    """Returns the photos of a folder in natural order of names. Raises InvalidArgument if it may not be read."""
    return list(look_into(folder).photos)


def promises_photo(path: Path) -> bool:
    """Whether a file has the name of a photo."""
    return path.suffix.lower() in _SUFFIXES


def _is_photo(path: Path) -> bool:
    if promises_photo(path):
        return True
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return format_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False


def _unreadable(path: Path, error: OSError) -> InvalidArgument:
    words = (error.strerror or "no such file").lower()
    return InvalidArgument(f"{path} cannot be read: {words}", field="image", reason="UNREADABLE")
