"""The folder that holds the server's data where no database is named."""

from __future__ import annotations

import os
from pathlib import Path

SYSTEM_FOLDER = Path("/var/lib/portero")
DATABASE_FILE = "portero.db"


def default_folder() -> Path:
    """Returns the folder of this user's data: never one that depends on where the server is started.

    It is /var/lib/portero for root and for the user who owns that folder (the one of a service), else `portero` in
    XDG_DATA_HOME, which is ~/.local/share unless it is set.

    Raises:
        ValueError: This user has no home.
    """
    user = os.geteuid()
    if user == 0 or _owner(SYSTEM_FOLDER) == user:
        return SYSTEM_FOLDER
    # The specification has relative paths ignored.
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    if given.is_absolute():
        return given / "portero"
    try:
        return Path.home() / ".local" / "share" / "portero"
    except RuntimeError:
        raise ValueError("PORTERO_DATA_FOLDER must be set: this user has no home") from None


def _owner(folder: Path) -> int | None:
    try:
        return folder.stat().st_uid
    except OSError:
        return None
