"""The command `portero-server vault`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from portero_server.settings import Settings
from portero_server.vault.keys import create_key


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Makes a key file for the photo vault; touches neither database nor photos.

    Attributes:
        target: The file, which must not exist.
    """

    target: Path

    async def __call__(self, settings: Settings) -> None:
        """Makes the file and prints its name, never its content.

        Raises:
            StartupProblem: It exists, or cannot be written.
        """
        create_key(self.target)
        sys.stdout.write(f"{self.target}\n")
        sys.stderr.write(
            "set PORTERO_PHOTO_VAULT_KEY_FILE to it, and keep a copy apart from photos and database: without it the "
            "photos are lost\n"
        )
