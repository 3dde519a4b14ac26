"""The spool's file: opening, checking, renaming a damaged one, and translating its errors.

A commit is on disk when it returns: WAL with `synchronous=FULL`.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from portero_client.errors import SpoolDamaged, SpoolFault

_SCHEMA_VERSION = 1
_SCHEMA = (
    """
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        epoch TEXT NOT NULL,
        durable_sequence INTEGER NOT NULL,
        last_sequence INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE entries (
        first_sequence INTEGER PRIMARY KEY,
        last_sequence INTEGER NOT NULL,
        gap_reason INTEGER,
        capture_time_us INTEGER,
        jpeg BLOB
    )
    """,
)
# SQLITE_ERROR is what a file with other tables gives; the rest is the disk's trouble, or another process's.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
# Pages of the write-ahead log, 4 KiB each, before they move into the file.
_LOG_PAGES = 64
# The low byte of SQLite's extended result codes is the primary code.
_PRIMARY_CODE = 0xFF


def open_file(path: Path, new_epoch: str) -> sqlite3.Connection:
    """Opens and checks the spool at a path, or creates one.

    Raises:
        SpoolFault: The disk refused, or another process has the file.
        SpoolDamaged: The file is not a sound spool.
    """
    _keep_private(path)
    with faults():
        connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
        try:
            _prepare(connection, new_epoch)
        except BaseException:
            connection.close()
            raise
    return connection


def identity(path: Path) -> tuple[int, int] | None:
    """Returns what distinguishes the file at a path from any other, or None if there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino


def overwrite_deleted(connection: sqlite3.Connection, wanted: bool) -> None:
    """Sets whether deleted data is overwritten on disk from now on.

    These pages hold faces. But overwriting writes the deleted amount once more, which a full disk cannot take; then
    pages stay as they are until new frames reuse them. The log may keep deleted data until it is overwritten (256 KiB
    at most), or until the file is closed.
    """
    connection.execute(f"PRAGMA secure_delete = {'ON' if wanted else 'FAST'}")


def set_aside(path: Path, now: datetime) -> Path:
    """Renames a damaged spool and its log files; returns the new name."""
    kept_as = path.with_name(f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(kept_as.with_name(kept_as.name + suffix))
    return kept_as


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits everything done within the block, or nothing."""
    with faults():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def faults() -> Iterator[None]:
    """Translates SQLite's errors raised within the block."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE in _DAMAGE:
            raise SpoolDamaged(f"the spool's file is damaged: {error}") from error
        raise SpoolFault(f"the spool's disk refused: {error}") from error


def _keep_private(path: Path) -> None:
    """Makes a spool and its log readable by their owner only, since they contain pictures of people.

    SQLite gives the log the permissions of the file.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        for suffix in ("", "-wal", "-shm"):
            file = path.with_name(path.name + suffix)
            if file.exists() and file.stat().st_mode & 0o077:
                file.chmod(0o600)
    except OSError as error:
        raise SpoolFault(f"the spool's disk refused: {error.strerror}") from error


def _prepare(connection: sqlite3.Connection, new_epoch: str) -> None:
    execute = connection.execute
    # One process a spool; a killed one leaves no lock behind.
    execute("PRAGMA locking_mode = EXCLUSIVE")
    execute("PRAGMA journal_mode = WAL")
    execute("PRAGMA synchronous = FULL")
    # A short log, so that the reserve holds more than the log when the disk is full.
    execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    (version,) = execute("PRAGMA user_version").fetchone()
    if version == 0:
        with transaction(connection):
            for statement in _SCHEMA:
                execute(statement)
            execute("INSERT INTO stream VALUES (1, ?, 0, 0)", (new_epoch,))
            execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
    elif version != _SCHEMA_VERSION:
        raise SpoolDamaged(f"it has version {version}, and this program knows {_SCHEMA_VERSION}")
    (verdict,) = execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise SpoolDamaged(f"its check says: {verdict}")
    if execute("SELECT count(*) FROM stream").fetchone() != (1,):
        raise SpoolDamaged("it names no epoch")
