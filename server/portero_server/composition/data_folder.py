"""Keeps the folder of an embedded database: made by those commands that may, entered by its owner only."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from portero_server.errors import StartupProblem
from portero_server.settings import Settings
from portero_server.settings.data_folder import DATABASE_FILE

_log = structlog.get_logger(__name__)

_OWNER_ONLY = 0o700


def make_folder(settings: Settings) -> None:
    """Makes the data folder, or keeps others out of it, before a database file is made or opened there.

    The folder of a file that PORTERO_DATABASE_URL names is the operator's own, and is left as it is.

    Raises:
        StartupProblem: It cannot be made, or a database of earlier versions lies where the server is started.
    """
    file = settings.database_file
    if file is None or settings.database_url is not None:
        return
    if not file.exists():
        _refuse_forgotten(file)
    folder = file.parent
    try:
        folder.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        mode = folder.stat().st_mode & 0o777
        if mode & ~_OWNER_ONLY:
            folder.chmod(mode & _OWNER_ONLY)
            _log.warning("data_folder_made_private", folder=str(folder), was=f"{mode:o}", now=f"{mode & _OWNER_ONLY:o}")
    except OSError as error:
        raise StartupProblem(
            f"the data folder {folder} cannot be used ({error.strerror}); set PORTERO_DATA_FOLDER or "
            "PORTERO_DATABASE_URL"
        ) from None


def refuse_missing(settings: Settings) -> None:
    """Raises an error if there is no database file, for commands that only look at what is there, and create nothing.

    Raises:
        StartupProblem: There is none; says where it would be, and what makes it.
    """
    file = settings.database_file
    if file is None or file.exists():
        return
    if settings.database_url is None:
        _refuse_forgotten(file)
    raise StartupProblem(f"there is no database {file} yet: `portero-server migrate` makes it, as `serve` does")


def writable_place(settings: Settings) -> Path | None:
    """Returns the file that `serve` would make, or None if there is a database already.

    Raises:
        StartupProblem: It could not be made.
    """
    file = settings.database_file
    if file is None or file.exists():
        return None
    if settings.database_url is None:
        _refuse_forgotten(file)
    folder = file.parent
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if settings.database_url is not None and there != folder:
        raise StartupProblem(f"PORTERO_DATABASE_URL: the folder {folder} does not exist")
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StartupProblem(f"the folder {folder} cannot be written by this user; set PORTERO_DATA_FOLDER")
    return file


def _refuse_forgotten(file: Path) -> None:
    """Refuses to begin an empty database beside one that earlier versions made in the folder they were started in."""
    before = Path.cwd() / DATABASE_FILE
    if before.is_file() and before != file:
        raise StartupProblem(
            f"{before} is a database as earlier versions kept it, in the folder they were started in, and {file} does "
            f"not exist: move it there (with its -wal and -shm, if there are any), or set "
            f"PORTERO_DATABASE_URL=sqlite+aiosqlite:///{before}"
        )
