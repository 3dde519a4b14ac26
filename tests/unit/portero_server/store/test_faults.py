"""What drivers' errors mean."""

from __future__ import annotations

import sqlite3
import ssl

import pytest
from pymysql import err
from sqlalchemy.exc import DataError, InvalidRequestError, OperationalError

from portero_server.errors import StoreUnavailable
from portero_server.store.faults import Fault, FaultVerdict, StoreRefused, diagnosed


def mysql_error(code: int, *, lost: bool = False) -> OperationalError:
    """Returns an error as SQLAlchemy raises it for MySQL."""
    return OperationalError("SELECT secret", {}, err.OperationalError(code, "secret"), connection_invalidated=lost)


def sqlite_error(code: int) -> OperationalError:
    """Returns an error as SQLAlchemy raises it for SQLite."""
    error = sqlite3.OperationalError("secret")
    error.sqlite_errorcode = code
    return OperationalError("SELECT secret", {}, error)


def untrusted() -> OperationalError:
    """Returns the error of a server whose certificate is not trusted."""
    error = err.OperationalError(2003, "secret")
    error.__cause__ = ssl.SSLCertVerificationError("secret")
    return OperationalError(None, None, error)


@pytest.mark.parametrize(
    ("error", "verdict", "unanswered"),
    [
        (mysql_error(1213), FaultVerdict.AGAIN, False),
        (mysql_error(1205), FaultVerdict.AGAIN, False),
        (mysql_error(2013, lost=True), FaultVerdict.AGAIN, True),
        (mysql_error(1290, lost=True), FaultVerdict.AGAIN, False),
        (mysql_error(2003), FaultVerdict.AGAIN, False),
        (mysql_error(1045), FaultVerdict.UNAVAILABLE, False),
        (mysql_error(1146), FaultVerdict.UNAVAILABLE, False),
        (mysql_error(1366), FaultVerdict.REFUSED, False),
        (untrusted(), FaultVerdict.UNAVAILABLE, False),
        (DataError("SELECT secret", {}, err.DataError(1406, "secret")), FaultVerdict.REFUSED, False),
        (sqlite_error(sqlite3.SQLITE_BUSY), FaultVerdict.AGAIN, False),
        (sqlite_error(sqlite3.SQLITE_FULL), FaultVerdict.UNAVAILABLE, False),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), FaultVerdict.UNAVAILABLE, True),
        (ConnectionResetError("secret"), FaultVerdict.AGAIN, True),
        (InvalidRequestError("secret"), FaultVerdict.UNAVAILABLE, False),
    ],
)
def test_says_whether_to_try_again(error: Exception, verdict: FaultVerdict, unanswered: bool) -> None:
    """Each error is tried again, given up or refused, and its message tells nothing of the data."""
    fault = diagnosed(error)
    assert fault is not None
    assert (fault.verdict, fault.unanswered) == (verdict, unanswered)
    assert "secret" not in fault.message
    assert isinstance(fault.as_error(), StoreRefused if verdict is FaultVerdict.REFUSED else StoreUnavailable)


def test_errors_of_others_are_not_explained() -> None:
    """An error that is not the database's is none of its business."""
    assert diagnosed(KeyError("x")) is None


def test_refused_data_is_not_called_unavailable() -> None:
    """Callers that retry while the database is unavailable do not retry refused data."""
    assert not isinstance(Fault(FaultVerdict.REFUSED, "no").as_error(), StoreUnavailable)
