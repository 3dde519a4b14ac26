"""Exported files below a prefix of a bucket. Each is one PutObject, so nobody ever sees a part of one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO, Protocol


class ObjectPlace(Protocol):
    """Keeps objects in a bucket (`vault/bucket.py`)."""

    def check(self) -> None:
        """Raises StartupProblem if the bucket keeps versions, in which the erased would stay."""
        ...

    def put(self, name: str, content: bytes | BinaryIO) -> None:
        """Keeps an object, or replaces one."""
        ...

    def get(self, name: str) -> bytes | None:
        """Returns an object; None: there is none."""
        ...

    def delete(self, name: str) -> None:
        """Deletes an object, if there is one."""
        ...


class ExportBucket:
    """Keeps files as objects; they are written on this machine before."""

    def __init__(self, objects: ObjectPlace) -> None:
        self._objects = objects
        self._work: tempfile.TemporaryDirectory[str] | None = None

    def check(self) -> None:
        """Raises StartupProblem if the bucket keeps versions."""
        self._objects.check()

    def begin(self) -> Path:
        """Returns an empty folder of this machine."""
        self.end()
        self._work = tempfile.TemporaryDirectory(prefix="portero-export-")
        return Path(self._work.name)

    def read(self, name: str) -> bytes | None:
        """Returns a small file's content, or None."""
        return self._objects.get(name)

    def write(self, name: str, text: str) -> None:
        """Writes or replaces a small file."""
        self._objects.put(name, text.encode())

    def keep(self, name: str, file: Path) -> None:
        """Uploads a finished file, and removes it here."""
        with file.open("rb") as content:
            self._objects.put(name, content)
        file.unlink()

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        self._objects.delete(name)

    def end(self) -> None:
        """Removes the folder of `begin`."""
        if self._work is not None:
            self._work.cleanup()
            self._work = None
