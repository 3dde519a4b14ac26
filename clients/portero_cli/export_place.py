"""Where exported sightings are kept: a folder, or a prefix of a bucket."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from portero_cli.bucket import Bucket, bucket_prefix
from portero_cli.import_report import write_private
from portero_client import InvalidArgument

_WORK = ".work"
_PARTITIONED = re.compile(r"site=[^/]*/date=[^/]*/[^/]+")


class ExportPlace(Protocol):
    """Keeps files by names with slashes. Every method raises InvalidArgument if the place cannot be used."""

    @property
    def work(self) -> Path:
        """A folder for files that are being written, from which `keep` takes them."""
        ...

    def names(self) -> Iterator[str]:
        """Yields the names of all files."""
        ...

    def read(self, name: str) -> bytes | None:
        """Returns a small file's content, or None."""
        ...

    def write(self, name: str, text: str) -> None:
        """Writes or replaces a small file at once."""
        ...

    def create(self, name: str, text: str) -> bool:
        """Writes a small file unless it is there. Returns whether it was written: of two runs, one is the first."""
        ...

    def keep(self, name: str, file: Path, sha256: str) -> None:
        """Moves a finished file to its name, and replaces at once what is there."""
        ...

    def sha256(self, name: str) -> str:
        """Returns the digest of a file, or an empty text if there is none."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        ...


@contextmanager
def opened_place(place: str, kms_key: str = "") -> Iterator[ExportPlace]:
    """Yields a folder, which is made where it is missing, or s3://BUCKET/PREFIX.

    Args:
        place: The folder, or s3://BUCKET/PREFIX.
        kms_key: With s3://: id, ARN or alias of the KMS key that encrypts; empty: what the bucket encrypts with.

    Raises:
        InvalidArgument: It cannot be used, or another run writes to the folder.
    """
    prefix = bucket_prefix(place)
    if prefix is not None:
        with tempfile.TemporaryDirectory(prefix="portero-export-") as work:
            yield _BucketPlace(Bucket(prefix), Path(work), kms_key)
        return
    if kms_key:
        raise InvalidArgument("kms_key is for s3://BUCKET/PREFIX only", field="kms_key")
    folder = Path(place)
    with _translated(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
    with _only_run(folder):
        work_folder = folder / _WORK
        with _translated(folder):
            # What a run that was killed has left.
            shutil.rmtree(work_folder, ignore_errors=True)
            work_folder.mkdir(mode=0o700)
        try:
            yield _FolderPlace(folder, work_folder)
        finally:
            shutil.rmtree(work_folder, ignore_errors=True)


class _FolderPlace:
    def __init__(self, folder: Path, work: Path) -> None:
        self._folder = folder
        self.work = work

    def names(self) -> Iterator[str]:
        with _translated(self._folder):
            yield from (file.relative_to(self._folder).as_posix() for file in self._folder.glob("site=*/date=*/*"))

    def read(self, name: str) -> bytes | None:
        with _translated(self._folder), suppress(FileNotFoundError):
            return (self._folder / name).read_bytes()
        return None

    def write(self, name: str, text: str) -> None:
        write_private(self._made(name), text.encode())

    def create(self, name: str, text: str) -> bool:
        # One run at a time has the folder.
        if (self._folder / name).exists():
            return False
        self.write(name, text)
        return True

    def keep(self, name: str, file: Path, sha256: str) -> None:
        target = self._made(name)
        with _translated(self._folder):
            file.replace(target)
            _flush_folder(target.parent)

    def sha256(self, name: str) -> str:
        with _translated(self._folder), suppress(FileNotFoundError), (self._folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
        return ""

    def remove(self, name: str) -> None:
        with _translated(self._folder):
            (self._folder / name).unlink(missing_ok=True)

    def _made(self, name: str) -> Path:
        path = self._folder / name
        with _translated(self._folder):
            path.parent.parent.mkdir(mode=0o700, exist_ok=True)
            path.parent.mkdir(mode=0o700, exist_ok=True)
        return path


class _BucketPlace:
    def __init__(self, bucket: Bucket, work: Path, kms_key: str) -> None:
        self._bucket = bucket
        self._kms_key = kms_key
        self.work = work

    def names(self) -> Iterator[str]:
        # Not those of another export, whose prefix lies below this one.
        return (name for name in self._bucket.names() if _PARTITIONED.fullmatch(name))

    def read(self, name: str) -> bytes | None:
        file = self.work / "read"
        file.unlink(missing_ok=True)
        self._bucket.download(name, file)
        return file.read_bytes() if file.exists() else None

    def write(self, name: str, text: str) -> None:
        file = self.work / "write"
        file.write_text(text, encoding="utf-8")
        self._bucket.upload(name, file, self._kms_key)

    def create(self, name: str, text: str) -> bool:
        return self._bucket.create(name, text.encode(), self._kms_key)

    def keep(self, name: str, file: Path, sha256: str) -> None:
        self._bucket.upload(name, file, self._kms_key, {"sha256": sha256})
        file.unlink()

    def sha256(self, name: str) -> str:
        return self._bucket.metadata(name).get("sha256", "")

    def remove(self, name: str) -> None:
        self._bucket.delete(name)


@contextmanager
def _only_run(folder: Path) -> Iterator[None]:
    """Holds the folder against a second run; the system lets go of it when this one is killed."""
    try:
        import fcntl
    except ImportError:
        # Not on Windows, which has other locks: there, nobody may run two at once.
        yield
        return
    with _translated(folder):
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArgument(
                f"another export writes to {folder}: wait until it is done", field="folder", reason="BUSY"
            ) from None
        yield
    finally:
        os.close(lock)


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidArgument(
            f"{folder} cannot be used: {error.strerror}", field="folder", reason="UNWRITABLE"
        ) from None


def _flush_folder(folder: Path) -> None:
    """Makes a rename outlast a loss of power, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
