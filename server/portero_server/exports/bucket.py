"""Exported files below a prefix of a bucket. Each is one PutObject, so nobody ever sees a part of one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from portero_server.vault.place import VaultUnavailable


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

    def __init__(self, objects: ObjectPlace, export_id: str) -> None:
        """Creates the place; what a server that was killed leaves on this machine is found again by the export's id."""
        self._objects = objects
        self._all_work = Path(tempfile.gettempdir()) / f"portero-export-{export_id}"
        self._work = self._all_work / uuid4().hex

    def check(self) -> None:
        """Raises StartupProblem if the bucket keeps versions."""
        self._objects.check()

    def begin(self) -> Path:
        """Returns an empty folder of this machine."""
        self._all_work.mkdir(mode=0o700, exist_ok=True)
        found = self._all_work.lstat()
        # Anybody of this machine can make a folder here, or a link, and wait.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise VaultUnavailable(
                f"{self._all_work} is not a folder of this server alone: remove it", reason="EXPORT_UNWRITABLE"
            )
        for left in self._all_work.iterdir():
            shutil.rmtree(left)
        self._work.mkdir(mode=0o700)
        return self._work

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
        shutil.rmtree(self._work, ignore_errors=True)
        # Not that of a server that has begun since.
        with suppress(OSError):
            self._all_work.rmdir()
