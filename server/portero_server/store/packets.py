"""Keeps statements within the largest packet that a MySQL server accepts.

The server answers a larger one by closing the connection, often while the driver still writes. That cannot be told from
an outage, and whoever waits for the end of an outage would send the same statement forever. So it is never sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymysql.converters import escape_string
from sqlalchemy import Connection, Engine, event

from portero_server.errors import StoreUnavailable
from portero_server.store.bulk.value_list import ValueList
from portero_server.store.faults import StoreRefused

LEAST = 65_536
"""Bytes that a packet must be able to hold: the longest of our statements and a finding of usual size."""

_LIMIT = "max_allowed_packet"
_FRAMING = 16
_KEPT = "surrogatepass"
"""What is not UTF-8 is refused by the driver."""
_OTHER = 40
"""Bytes, at least as many as a number, a time or NULL takes."""
_WIDEST = 8
"""Most bytes of one character: four, each of them after a backslash."""


def keep_within_packets(engine: Engine) -> None:
    """Has an engine read the limit with each connection, and refuse statements that exceed it."""

    @event.listens_for(engine, "connect")
    def ask(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SELECT @@{_LIMIT}")
        limit = int(cursor.fetchone()[0])
        cursor.close()
        if limit < LEAST:
            raise StoreUnavailable(
                f"the database server's {_LIMIT} is {limit} bytes; at least {LEAST} are needed", reason="PACKET_LIMIT"
            )
        record.info[_LIMIT] = limit

    @event.listens_for(engine, "before_cursor_execute")
    def check(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool
    ) -> None:
        limit: int | None = connection.info.get(_LIMIT)
        if limit is None:
            return
        for row in parameters if executemany else (parameters,):
            if _at_most(statement, row) > limit and (size := _exactly(statement, row)) > limit:
                raise StoreRefused(
                    f"a statement of {size} bytes exceeds the database server's {_LIMIT} of {limit} bytes"
                )


def _at_most(statement: str, parameters: Sequence[Any]) -> int:
    """Returns an upper bound of a statement's size, without looking into its texts: most are far below the limit."""
    characters = sum([len(value) if isinstance(value, str | bytes) else _OTHER for value in parameters])
    return _FRAMING + _WIDEST * (len(statement) + characters + sum(_listed(value) for value in parameters))


def _exactly(statement: str, parameters: Sequence[Any]) -> int:
    return _FRAMING + len(statement.encode(errors=_KEPT)) + sum([_size(value) for value in parameters])


def _listed(value: Any) -> int:
    return len(value.text) if isinstance(value, ValueList) else 0


def _size(value: Any) -> int:
    if isinstance(value, ValueList):
        return len(value.text.encode(errors=_KEPT))
    if isinstance(value, str):
        return len(escape_string(value).encode(errors=_KEPT)) + 2
    return 2 * len(value) + _OTHER if isinstance(value, bytes) else _OTHER
