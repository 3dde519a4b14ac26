"""Rows as the VALUES list of an INSERT in MySQL's SQL, and the connections that send it.

The list is one parameter whose text is built here, so that a statement is never recompiled for another number of rows,
the driver does not process each value, and errors show no data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiomysql import Connection, OperationalError
from pymysql.constants import CR
from pymysql.converters import escape_string

from portero_server.store.bulk.incoming import whole
from portero_server.store.faults import StoreRefused
from portero_server.store.types import time_text


@dataclass(frozen=True, slots=True)
class ValueList:
    """Rows as SQL text, which a `ValueListConnection` sends unchanged."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BinaryValue:
    """Bytes for a binary column; bytes as they are would be stored in a column of text as well."""

    content: bytes = field(repr=False)


class ValueListConnection(Connection):  # type: ignore[misc]
    """A connection to MySQL that takes a `ValueList` as a parameter.

    Any other connection would quote the list like a text, and the INSERT would fail.
    """

    def escape(self, obj: Any) -> str:
        """Returns a parameter as SQL text; the driver asks this for each one."""
        return obj.text if type(obj) is ValueList else super().escape(obj)


async def connect(*, connect_timeout: float, **arguments: Any) -> ValueListConnection:
    """Opens a connection; takes the arguments of `aiomysql.connect`, which cannot be told a class.

    Args:
        connect_timeout: Longest time until the session is ready, seconds.
        arguments: The driver's others.

    Raises:
        aiomysql.OperationalError: The server cannot be reached, or not in time.
    """
    # The driver would pass its own limit to asyncio.wait_for, which before Python 3.12 loses a cancellation that comes
    # as the socket connects (CPython's gh-86296): the unit of work would then wait for the handshake without a limit.
    connection = ValueListConnection(**arguments, connect_timeout=None)
    try:
        async with asyncio.timeout(connect_timeout):
            await connection._connect()
    except BaseException as error:
        # The driver leaves its socket open where it is canceled.
        connection.close()
        if isinstance(error, TimeoutError):
            problem = f"the server did not answer within {connect_timeout:g} s"
            raise OperationalError(CR.CR_CONN_HOST_ERROR, problem) from None
        raise
    return connection


def value_list(rows: Iterable[Sequence[Any]]) -> ValueList:
    """Returns rows as one parameter.

    Raises:
        StoreRefused: A value cannot be stored.
    """
    written = _WRITTEN
    try:
        return ValueList(
            ",".join(["(" + ",".join([written.get(type(value), _other)(value) for value in row]) + ")" for row in rows])
        )
    except ValueError as error:
        raise StoreRefused(f"a value cannot be stored: {error}") from None


def _text(value: str) -> str:
    # Sound since our sessions set an sql_mode in which the backslash escapes (connections.py).
    return f"'{escape_string(value)}'"


def _number(value: float) -> str:
    digits = repr(value)
    # Without an exponent it would be a decimal number, which is converted once more.
    if "e" in digits:
        return digits
    if "n" in digits:
        raise ValueError("a number is not finite")
    return digits + "e0"


_WRITTEN: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "NULL",
    bool: lambda value: "1" if value else "0",
    int: lambda value: str(whole(value)),
    float: _number,
    str: _text,
    BinaryValue: lambda value: f"x'{value.content.hex()}'",
    datetime: lambda value: f"'{time_text(value)}'",
}


def _other(value: Any) -> str:
    # A number of NumPy's is a float whose repr is not a number, and so on: by what it is a kind of.
    for kind, plain in ((int, int), (float, float), (str, str.__str__)):
        if isinstance(value, kind):
            return _WRITTEN[kind](plain(value))
    if isinstance(value, datetime):
        return f"'{time_text(value)}'"
    raise ValueError(f"it is of an unexpected type, {type(value).__name__}")
