"""A vault in a folder of this machine, or of a file server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of
from portero_server.vault.place import VAULT, PlaceWords, VaultUnavailable, is_photo_name

_T = TypeVar("_T")
_PART = ".part"


class FolderPlace:
    """Keeps each object in a file of its own, below a folder for its first two digits; only the owner may read them."""

    def __init__(self, folder: Path, words: PlaceWords = VAULT) -> None:
        self._folder = folder
        self._words = words

    def check(self) -> None:
        """Makes the folder if it is missing; raises StartupProblem if it cannot be used, or others may read it."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            next(self._folder.iterdir(), None)
        except OSError as error:
            raise StartupProblem(
                f"{self._words.setting}: the folder {self._folder} cannot be used ({type(error).__name__})"
            ) from None
        if readers_of(self._folder) is Readers.EVERYBODY:
            raise StartupProblem(f"{self._words.setting}: everybody may read {self._folder}: run `chmod 700` on it")

    def put(self, name: str, content: bytes) -> None:
        """Keeps an object: a file appears whole, and survives a power cut."""
        self._ask(lambda: self._write(name, content))

    def get(self, name: str) -> bytes | None:
        """Returns an object; None: there is none."""
        return self._ask(lambda: self._read(name))

    def delete(self, name: str) -> None:
        """Deletes an object, and what an interrupted write left of it."""

        def remove() -> None:
            # Without its folder the vault is away, and the photo is not deleted.
            self._folder.stat()
            path = self._path(name)
            path.unlink(missing_ok=True)
            path.with_suffix(_PART).unlink(missing_ok=True)

        self._ask(remove)

    def names(self) -> Iterator[str]:
        """Yields the names of all objects, unfinished ones too."""
        found = self._ask(lambda: [path.stem for path in self._folder.glob("[0-9a-f][0-9a-f]/*")])
        return (name for name in dict.fromkeys(found) if is_photo_name(name))

    def link(self, name: str, seconds: int) -> str | None:
        """Returns None: nobody else reads this folder."""
        return None

    def _write(self, name: str, content: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        part = path.with_suffix(_PART)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        for folder in (path.parent, self._folder):
            _flush(folder)

    def _read(self, name: str) -> bytes | None:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            # Without its folder the vault is away, which says nothing of the photo.
            self._folder.stat()
            return None

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name

    def _ask(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except OSError as error:
            raise VaultUnavailable(
                f"the folder of the {self._words.title} cannot be used ({type(error).__name__})"
            ) from None


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
