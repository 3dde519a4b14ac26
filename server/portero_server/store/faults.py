"""Interprets failed units of work; the only place that reads the drivers' errors."""

from __future__ import annotations

import sqlite3
import ssl
from dataclasses import dataclass
from enum import Enum

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from portero_server.errors import PorteroError, StoreUnavailable

READ_ONLY_CODES = frozenset({1290, 1792, 1836})
"""MySQL answers so when the server we hold connections to is no longer the writer (Aurora failover)."""

_AGAIN_CODES = frozenset({1040, 1205, 1213, 2003})  # too many connections, lock wait, deadlock, cannot connect
_REFUSED_CODES = frozenset({1153, 1292, 1366})  # packet too large, wrong time, wrong value
_AGAIN_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_MEANINGS = {
    1044: "the database refuses this user",
    1045: "the database refuses the user or the password",
    1049: "the database server has no database of this name",
    1698: "the database refuses the user or the password",
    2003: "the database server cannot be reached",
}


class CommitUnknown(StoreUnavailable):
    """The connection was lost, or time ran out, during the commit: it may have succeeded or not.

    Units that can be repeated are repeated; others must check what is stored.
    """

    reason = "COMMIT_UNKNOWN"


class StoreRefused(PorteroError):
    """The database will never accept this data: a value too long, a violated constraint.

    A defect of this server; not worth retrying.
    """

    reason = "STORE_REFUSED"


class FaultVerdict(Enum):
    """Whether running the whole transaction again may help."""

    AGAIN = "again"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Fault:
    """A database failure, interpreted.

    Attributes:
        verdict: What to do.
        message: For operators; never contains data, statements or addresses.
        unanswered: No answer came, so that a commit may have happened all the same.
    """

    verdict: FaultVerdict
    message: str
    unanswered: bool = False

    def as_error(self) -> PorteroError:
        """Returns the error for callers of the store."""
        return (StoreRefused if self.verdict is FaultVerdict.REFUSED else StoreUnavailable)(self.message)


def driver_code(error: BaseException | None) -> int | None:
    """Returns the driver's number of an error: MySQL's, or SQLite's primary result code."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None)
        return None if code is None else code & 0xFF
    first = error.args[0] if error is not None and error.args else None
    return first if isinstance(first, int) else None


def diagnosed(error: Exception) -> Fault | None:
    """Returns the meaning of a unit's error, or None if it is not the database's."""
    if isinstance(error, OSError):
        return Fault(FaultVerdict.AGAIN, "the connection to the database was lost", unanswered=True)
    if isinstance(error, sqlite3.Error):
        # Raised by the driver itself, where SQLAlchemy is bypassed.
        code = driver_code(error)
        return _sqlite_fault(error, code, f"error {code}")
    if not isinstance(error, DBAPIError):
        return (
            Fault(FaultVerdict.UNAVAILABLE, "the database cannot be used")
            if isinstance(error, SQLAlchemyError)
            else None
        )
    code = driver_code(error.orig)
    label = f"error {code}" if code is not None else type(error).__name__
    if isinstance(error, IntegrityError | DataError) or code in _REFUSED_CODES:
        return Fault(FaultVerdict.REFUSED, f"the database refuses the data ({label})")
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite_fault(error.orig, code, label)
    if code in READ_ONLY_CODES:
        return Fault(FaultVerdict.AGAIN, f"the database takes no writes now ({label})")
    if error.connection_invalidated:
        return Fault(FaultVerdict.AGAIN, f"the connection to the database was lost ({label})", unanswered=True)
    if error.orig is not None and isinstance(error.orig.__cause__, ssl.SSLError):
        return Fault(
            FaultVerdict.UNAVAILABLE, "the database server's TLS certificate is not trusted, or not for this name"
        )
    meaning = _MEANINGS.get(code or 0, "the database cannot be used")
    return Fault(FaultVerdict.AGAIN if code in _AGAIN_CODES else FaultVerdict.UNAVAILABLE, f"{meaning} ({label})")


def _sqlite_fault(error: sqlite3.Error, code: int | None, label: str) -> Fault:
    if code in _AGAIN_SQLITE:
        return Fault(FaultVerdict.AGAIN, "another process holds the database file")
    # After a full disk SQLite has rolled back for certain; after any other fault of the disk it may not have.
    certain = code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY)
    meaning = {
        sqlite3.SQLITE_FULL: "the disk of the database is full",
        sqlite3.SQLITE_CANTOPEN: "the database file cannot be opened",
        sqlite3.SQLITE_READONLY: "the database file cannot be written",
        sqlite3.SQLITE_NOTADB: "the database file is not an SQLite database",
    }.get(code or 0, "the database cannot be used")
    return Fault(FaultVerdict.UNAVAILABLE, f"{meaning} ({label})", unanswered=not certain)
