"""Exported files in a folder of this machine, or of a file server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from portero_server.errors import StartupProblem
from portero_server.exports.place import EXPORTS
from portero_server.private_files import Readers, readers_of
from portero_server.vault.place import VaultUnavailable

_T = TypeVar("_T")
_WORK = ".work"
"""Readers of such folders pass over names that begin with a dot."""


class ExportFolder:
    """Keeps files below a folder; only the owner may read them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._work = folder / _WORK / uuid4().hex

    def check(self) -> None:
        """Makes the folder if it is missing; raises StartupProblem if it cannot be used, or everybody may read it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            next(self._folder.iterdir(), None)
        except OSError as error:
            raise StartupProblem(
                f"{EXPORTS.setting}: the folder {self._folder} cannot be used ({type(error).__name__})"
            ) from None
        if readers_of(self._folder) is Readers.EVERYBODY:
            raise StartupProblem(f"{EXPORTS.setting}: everybody may read {self._folder}: run `chmod 700` on it")

    def begin(self) -> Path:
        """Returns an empty folder on the same file system."""

        def made() -> Path:
            # Without its folder the place is away: to make it again would hide that.
            self._folder.stat()
            shutil.rmtree(self._work.parent, ignore_errors=True)
            self._work.parent.mkdir(mode=0o700)
            self._work.mkdir(mode=0o700)
            return self._work

        return self._ask(made)

    def read(self, name: str) -> bytes | None:
        """Returns a small file's content, or None."""

        def found() -> bytes | None:
            with suppress(FileNotFoundError):
                return (self._folder / name).read_bytes()
            self._folder.stat()
            return None

        return self._ask(found)

    def write(self, name: str, text: str) -> None:
        """Writes or replaces a small file at once."""

        def written() -> None:
            file = self._work / "small"
            file.unlink(missing_ok=True)
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(text.encode())
                out.flush()
                os.fsync(out.fileno())
            self._move(file, name)

        self._ask(written)

    def keep(self, name: str, file: Path) -> None:
        """Renames a finished file, which survives a power cut."""
        self._ask(lambda: self._move(file, name))

    def remove(self, name: str) -> None:
        """Removes a file, and its folders when nothing is left in them."""

        def removed() -> None:
            self._folder.stat()
            path = self._folder / name
            path.unlink(missing_ok=True)
            with suppress(OSError):
                path.parent.rmdir()
                path.parent.parent.rmdir()

        self._ask(removed)

    def end(self) -> None:
        """Removes the folder of `begin`, and not that of a server that has begun since."""
        shutil.rmtree(self._work, ignore_errors=True)
        with suppress(OSError):
            self._work.parent.rmdir()

    def _move(self, file: Path, name: str) -> None:
        target = self._folder / name
        for folder in reversed(target.relative_to(self._folder).parents):
            (self._folder / folder).mkdir(mode=0o700, exist_ok=True)
        file.replace(target)
        _flush(target.parent)

    def _ask(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except OSError as error:
            raise VaultUnavailable(
                f"the folder of the {EXPORTS.title} cannot be used ({type(error).__name__})", reason="EXPORT_UNWRITABLE"
            ) from None


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
