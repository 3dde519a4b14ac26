"""The file of a backup: an SQLite database with Portero's tables, and one more that says what it is."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from portero_server.errors import StartupProblem

_TABLE = "portero_backup"
_FORMAT = 1
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. It holds no secret and no value of a setting.

    Attributes:
        made_at: When it was begun, ISO 8601, UTC.
        version: Version of the server that made it.
        revision: Migration that the tables in it are at.
        dialect: SQL dialect of the database that it is a copy of.
        whole: Whether it has all tables; else only what must hold after a restore (`Decisions`).
        settings: Names of the settings that differed from their default.
        outside: What the installation needs besides and is not in the file, one sentence each.
    """

    made_at: str
    version: str
    revision: str
    dialect: str
    whole: bool
    settings: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    format: int = _FORMAT


def new_file(path: Path) -> None:
    """Makes an empty file that only its owner can read, to be written by SQLite.

    Raises:
        StartupProblem: It exists, or cannot be made.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    except OSError as error:
        raise StartupProblem(f"the file {path} cannot be made: {error.strerror}") from None


def copy_database(source: Path, target: Path) -> None:
    """Copies an SQLite database, which may be in use, as it is at one moment; writers do not wait for it.

    Raises:
        StartupProblem: It cannot be read, or the copy cannot be written.
    """
    try:
        with (
            # Not read-only: the first connection to a file with a write-ahead log makes the log's index.
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.backup(copy)
            # One file, without a log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise StartupProblem(f"{source} cannot be copied to {target}: {error}") from None


def empty_tables(path: Path, tables: Iterable[str]) -> None:
    """Removes all rows of some tables from a copy, and overwrites their bytes."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA secure_delete = ON")
        for table in sorted(tables):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes into a backup what it is, and makes it durable."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute(f"CREATE TABLE {_TABLE} (manifest TEXT NOT NULL)")
        connection.execute(f"INSERT INTO {_TABLE} VALUES (?)", (json.dumps(asdict(manifest)),))  # noqa: S608 - ours
    _check(path)


def read_manifest(path: Path) -> Manifest:
    """Returns what a backup is, after checking that the file is whole.

    Raises:
        StartupProblem: It is not a backup, of a later version, or damaged.
    """
    if not path.is_file():
        raise StartupProblem(f"there is no file {path}")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            ((text,),) = connection.execute(f"SELECT manifest FROM {_TABLE}").fetchall()  # noqa: S608 - our own name
        told = json.loads(text)
        if told["format"] != _FORMAT:
            raise StartupProblem(f"{path} is a backup of a later version: restore it with that version")
        manifest = Manifest(
            **{**told, "settings": tuple(told.get("settings", ())), "outside": tuple(told.get("outside", ()))}
        )
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        raise StartupProblem(f"{path} is not a backup made by `portero-server backup`, or is damaged") from None
    _check(path)
    return manifest


def remove_manifest(path: Path) -> None:
    """Makes a copy of a backup an ordinary database."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DROP TABLE {_TABLE}")


def in_use(path: Path) -> bool:
    """Returns whether a server has an SQLite database open."""
    try:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            # Leaving the write-ahead log takes the whole file; the next server goes back to it.
            return bool(connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete")
    except sqlite3.OperationalError:
        return True
    except sqlite3.DatabaseError:
        # No database at all: nobody serves it.
        return False


def _check(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as connection:
            ((verdict,),) = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise StartupProblem(f"{path} is damaged: {verdict}")
