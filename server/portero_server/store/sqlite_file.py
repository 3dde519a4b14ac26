"""Guards the file of an SQLite database: readable by its owner only, and still the file at its path.

SQLite goes on writing into a file that was deleted, or renamed and replaced, and reports success; such commits are lost
when the process ends. So before and after each commit, the files at the paths are compared with those that were opened:
the database, its write-ahead log and the log's index.
"""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from portero_server.errors import StartupProblem, StoreUnavailable

_log = structlog.get_logger(__name__)

_OWNER_ONLY = 0o600
_SUFFIXES = ("", "-wal", "-shm")

_Identity = tuple[int, int]


class DatabaseFileLost(StoreUnavailable):
    """The database's file was deleted, moved or replaced while it was open. Nothing is stored until it is back."""

    reason = "DATABASE_FILE_LOST"


class SqliteFile:
    """One database file, as the connections of this process opened it.

    A file put in its place is never used, since it lacks what was acknowledged. When the same files are back (device
    and inode), commits continue.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._paths = {suffix: f"{self._path}{suffix}" for suffix in _SUFFIXES}
        self._opened: dict[str, _Identity] = {}
        self._connections = 0
        self._problem = ""

    def before_opening(self) -> None:
        """Makes the file readable by its owner only, or checks that it is the one already open.

        SQLite gives the log and its index the permissions of the file.

        Raises:
            StartupProblem: The file cannot be made.
            DatabaseFileLost: A connection would make or open another file.
        """
        if self._opened:
            self.check()
            return
        try:
            # Never a file that exists: closing any descriptor of it drops every lock that SQLite holds on it in this
            # process (POSIX), and another process would then take itself for the only one.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
        except FileExistsError:
            pass
        except OSError as error:
            raise StartupProblem(
                f"PORTERO_DATABASE_URL: the file {self._path} cannot be opened: {error.strerror}"
            ) from None
        for path in self._paths.values():
            _keep_private(Path(path))

    def opened(self) -> None:
        """Records that a connection was opened."""
        self._connections += 1
        self._learn()

    def closed(self) -> None:
        """Records that a connection is about to be closed. With the last one, SQLite removes the log and its index."""
        self._connections -= 1
        if not self._connections:
            self._opened = {suffix: identity for suffix, identity in self._opened.items() if not suffix}

    def check(self) -> None:
        """Compares the files at the paths with those that were opened, with three `stat` calls.

        Raises:
            DatabaseFileLost: They differ.
        """
        problem = next(filter(None, (self._compared(suffix) for suffix in self._opened)), "")
        if problem != self._problem:
            self._problem = problem
            if problem:
                _log.error("database_file_lost", problem=problem)
            else:
                _log.warning("database_file_back", file=self._path.name)
        if problem:
            raise DatabaseFileLost(problem)
        # Not while the last connection is being closed: SQLite is about to remove the files that are still there.
        if self._connections and len(self._opened) < len(_SUFFIXES):
            self._learn()

    def _learn(self) -> None:
        for suffix, path in self._paths.items():
            if suffix not in self._opened and isinstance(identity := _identity(path), tuple):
                self._opened[suffix] = identity

    def _compared(self, suffix: str) -> str:
        found = _identity(self._paths[suffix])
        if found == self._opened[suffix]:
            return ""
        name = f"the database file {self._path.name}{suffix}"
        if isinstance(found, str):
            return f"{name} cannot be reached ({found}): nothing is stored until it can"
        if found is None:
            return (
                f"{name} was deleted or moved while the server runs: nothing is stored until it is back; put it back, "
                "or stop the server, restore a backup and start again"
            )
        return (
            f"{name} was replaced while the server runs: nothing is stored, and the new one is not taken up; put the "
            "old one back, or restart the server to use the new one"
        )


def _identity(path: str) -> _Identity | str | None:
    """Returns device and inode of the file at a path; None if there is none; a text if that cannot be determined."""
    try:
        state = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, six times a commit
    except FileNotFoundError:
        return None
    except OSError as error:
        return error.strerror or "unknown error"
    return state.st_dev, state.st_ino


def _keep_private(path: Path) -> None:
    """Removes the permissions of group and others from a file, and logs it."""
    try:
        mode = path.stat().st_mode & 0o777
        if mode & 0o077:
            path.chmod(mode & _OWNER_ONLY)
            _log.warning("database_file_made_private", file=path.name, was=f"{mode:o}", now=f"{mode & _OWNER_ONLY:o}")
    except FileNotFoundError:
        return
    except OSError as error:
        _log.warning("database_file_readable_by_others", file=path.name, problem=error.strerror)
