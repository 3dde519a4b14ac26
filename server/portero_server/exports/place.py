"""Where exported files are kept: a folder, or a prefix of a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from portero_server.vault.place import PlaceWords

EXPORTS = PlaceWords("PORTERO_EXPORT", "exports", "file")


class ExportPlace(Protocol):
    """Keeps files by names with slashes.

    The methods block, and are called on threads. Each raises VaultUnavailable if the place does not answer, or
    refuses. A file is never seen in part.
    """

    def check(self) -> None:
        """Checks what can be checked without writing.

        Raises:
            StartupProblem: The place must not be used.
        """
        ...

    def begin(self) -> Path:
        """Returns an empty folder for files that are being written; whatever an earlier writer left there is gone."""
        ...

    def read(self, name: str) -> bytes | None:
        """Returns a small file's content, or None."""
        ...

    def write(self, name: str, text: str) -> None:
        """Writes or replaces a small file at once."""
        ...

    def keep(self, name: str, file: Path) -> None:
        """Moves a finished file to its name, and replaces at once what is there."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        ...

    def end(self) -> None:
        """Removes the folder of `begin`."""
        ...
