"""Reads photos from a ZIP archive, without unpacking it: nothing in it can be written anywhere."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from portero_cli.import_plan import LeftOut
from portero_cli.photo_formats import HEAD_BYTES, format_of, sendable
from portero_cli.photos import MAX_FILE_BYTES, PhotoFolder, check_size, promises_photo
from portero_client import InvalidArgument
from portero_client.file_names import is_clutter, natural_order

MOST_ARCHIVE_BYTES = 16 * 1024**3
"""Most bytes of an archive: its table of contents, which is read whole, stays within some hundred megabytes."""
MOST_ENTRIES = 100_000
# No picture is packed like this, and whatever is may be one that fills the memory.
_MOST_TIMES_UNPACKED = 200
_DEEPEST = 32
"""Folders in folders, far more than people make."""
_UTF8 = 0x800
_ENCRYPTED = 0x1
_FAULTS = (BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, zlib.error)
"""What reading an entry raises when it is damaged, encrypted or packed in an unknown way."""


class ZippedPhotos:
    """The photos of an archive; their paths begin with that of the archive. Implements `PhotoStore`.

    Attributes:
        unsafe: The entries that are not read, since their names lead out of the archive or come twice.
    """

    def __init__(self, archive: ZipFile, root: Path) -> None:
        """Sorts the entries of an archive.

        Raises:
            InvalidArgument: It has too many entries, or is made to unpack to more than it holds.
        """
        self._archive = archive
        self._root = root
        self._files: dict[Path, ZipInfo] = {}
        self._folders: dict[Path, list[Path]] = {root: []}
        self.unsafe: list[LeftOut] = []
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise _wrong(f"{root} has {len(entries):,} entries; at most {MOST_ENTRIES:,} are read, so divide it")
        if sum(entry.compress_size for entry in entries) > root.stat().st_size:
            raise _wrong(f"{root} is not read: its entries overlap, so that it would unpack to more than it holds")
        for entry in entries:
            self._add(entry)

    def look_into(self, folder: Path) -> PhotoFolder:
        """See `PhotoStore`."""
        meant = sorted((path for path in self._folders[folder] if not is_clutter(path)), key=natural_order)
        photos = [path for path in meant if path in self._files and self._is_photo(path)]
        others = [path for path in meant if path in self._files and path not in photos]
        return PhotoFolder(tuple(photos), tuple(others), tuple(path for path in meant if path in self._folders))

    def check(self, photo: Path) -> None:
        """See `PhotoStore`."""
        entry = self._entry(photo)
        check_size(str(photo), entry.file_size)
        if entry.flag_bits & _ENCRYPTED:
            raise _unreadable(photo, "it is encrypted; pack the photos without a password")
        if entry.file_size > _MOST_TIMES_UNPACKED * max(entry.compress_size, 1):
            raise InvalidArgument(
                f"{photo} is not read: it would unpack to over {_MOST_TIMES_UNPACKED} times its size",
                field="image",
                reason="TOO_MANY_BYTES",
            )

    def read(self, photo: Path) -> bytes:
        """See `PhotoStore`."""
        self.check(photo)
        return sendable(self.content_of(photo), str(photo))

    def stamp(self, photo: Path) -> str:
        """See `PhotoStore`."""
        entry = self._files.get(photo)
        return "" if entry is None else f"{entry.file_size}:{entry.CRC}"

    def content_of(self, path: Path, most: int = MAX_FILE_BYTES) -> bytes:
        """Returns a file of the archive. Raises InvalidArgument if it cannot be read, or has more than `most` bytes."""
        try:
            with self._archive.open(self._entry(path)) as file:
                data = file.read(most + 1)
        except _FAULTS as error:
            raise _unreadable(path, str(error).lower() or "it is damaged") from None
        if len(data) > most:
            raise InvalidArgument(f"{path} has over {most:,} bytes", field="image", reason="TOO_MANY_BYTES")
        return data

    def _add(self, entry: ZipInfo) -> None:
        name = _name_of(entry)
        parts = PurePosixPath(name).parts
        if not parts:
            return
        if name.startswith("/") or ".." in parts or ":" in parts[0] or len(parts) > _DEEPEST:
            words = "left out: its name leads out of the archive"
            self.unsafe.append(LeftOut(f"{self._root}/{name[:200]}", "UNSAFE_PATH", words))
            return
        path = self._root.joinpath(*parts)
        above = [self._root.joinpath(*parts[:depth]) for depth in range(1, len(parts))]
        if path in self._files or any(each in self._files for each in above):
            self.unsafe.append(LeftOut(str(path), "TWICE", "left out: the archive has another file of this name"))
        elif name.endswith("/"):
            self._make_folders([*above, path])
        elif path in self._folders:
            self.unsafe.append(LeftOut(str(path), "TWICE", "left out: the archive has a folder of this name"))
        else:
            self._make_folders(above)
            self._folders[path.parent].append(path)
            self._files[path] = entry

    def _make_folders(self, folders: Iterable[Path]) -> None:
        """Makes folders, outer ones first."""
        for folder in folders:
            if folder not in self._folders:
                self._folders[folder] = []
                self._folders[folder.parent].append(folder)

    def _is_photo(self, path: Path) -> bool:
        if promises_photo(path):
            return True
        try:
            with self._archive.open(self._files[path]) as file:
                return format_of(file.read(HEAD_BYTES)) is not None
        except _FAULTS:
            return False

    def _entry(self, path: Path) -> ZipInfo:
        entry = self._files.get(path)
        if entry is None:
            raise _unreadable(path, "no such file in the archive")
        return entry


@contextmanager
def opened_zip(path: Path) -> Iterator[ZippedPhotos]:
    """Yields the photos of an archive.

    Raises:
        InvalidArgument: It is not a ZIP archive, damaged or too large.
    """
    try:
        size = path.stat().st_size
        if size > MOST_ARCHIVE_BYTES:
            raise _wrong(f"{path} has {size:,} bytes; at most {MOST_ARCHIVE_BYTES:,} (16 GiB) are read, so divide it")
        archive = ZipFile(path)
    except (BadZipFile, OSError, NotImplementedError) as error:
        raise _wrong(f"{path} is not a ZIP archive, or is damaged ({str(error).lower()})") from None
    with archive:
        yield ZippedPhotos(archive, path)


def _name_of(entry: ZipInfo) -> str:
    """Returns the name of an entry as its author saw it, with slashes."""
    name = entry.filename
    if not entry.flag_bits & _UTF8:
        # Python has decoded it as the oldest systems wrote; macOS writes UTF-8 all the same, Windows its own.
        raw = name.encode("cp437", errors="replace")
        try:
            name = raw.decode()
        except UnicodeDecodeError:
            name = raw.decode("cp850", errors="replace")
    return name.replace("\\", "/")


def _unreadable(path: Path, why: str) -> InvalidArgument:
    return InvalidArgument(f"{path} cannot be read: {why}", field="image", reason="UNREADABLE")


def _wrong(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="source", reason="BAD_ARCHIVE")
