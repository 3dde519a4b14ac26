"""SQLite connections whose statements cross to the connection's thread once, with their rows.

aiosqlite crosses to its thread and back for the cursor, the statement, the rows and the cursor's end: that takes
several times as long as what SQLite does in a small transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ParamSpec, TypeVar

from aiosqlite import Connection

P = ParamSpec("P")
T = TypeVar("T")

_PAGE = 1000
"""Most rows that come with the answer to a statement; more are read when they are asked for."""

Parameters = Sequence[Any] | Mapping[str, Any]


class SqliteConnection(Connection):
    """A connection whose cursors are `SqliteCursor`s; SQLAlchemy's adapter uses nothing but its cursors."""

    _stopping = False
    # Statement that begins a transaction, before the next one.
    _begin = ""

    def stop(self) -> asyncio.Future[Any] | None:
        """Ends the thread after what was asked before. Returns what tells that it has ended; None the second time.

        aiosqlite would ask the thread again, which may have ended: a `close` that a forced end overtook would never
        return, not even when it is canceled, and with it the process.
        """
        if self._stopping:
            return None
        self._stopping = True
        stopped: asyncio.Future[Any] | None = super().stop()
        return stopped

    def cursor(self) -> SqliteCursor:  # type: ignore[override]
        """Returns a cursor, which does not exist in SQLite before its first statement."""
        return SqliteCursor(self)

    def begin_with_next(self, begin: str) -> None:
        """Begins a transaction with the next statement of a cursor: both cross to the thread at once.

        Args:
            begin: The statement that begins it; if it fails, the next statement fails with its error.
        """
        self._begin = begin

    def taken_begin(self) -> str:
        """Returns the statement to run before the next one, once; empty if there is none."""
        begin, self._begin = self._begin, ""
        return begin

    async def commit(self) -> None:
        """Commits the transaction; one without a statement never began."""
        if not self.taken_begin():
            await super().commit()

    async def rollback(self) -> None:
        """Rolls the transaction back; one without a statement never began."""
        if not self.taken_begin():
            await super().rollback()

    async def in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `work` in the connection's thread."""
        result: T = await self._execute(work, *args, **kwargs)  # type: ignore[no-untyped-call]
        return result

    def raw_cursor(self) -> sqlite3.Cursor:
        """Returns a new cursor of SQLite's; for the connection's thread."""
        return self._conn.cursor()


class SqliteCursor:
    """One statement at a time, and its rows.

    Attributes:
        description: The columns of the rows, as in PEP 249; None if there are none.
        rowcount: How many rows were changed; -1 if that is not known.
        lastrowid: The row id of the last row inserted.
        arraysize: How many rows `fetchmany` returns by default.
    """

    def __init__(self, connection: SqliteConnection) -> None:
        """Creates a cursor of a connection."""
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1
        self._connection = connection
        self._rows: deque[Any] = deque()
        # SQLite's cursor while it has rows that were not read.
        self._open: sqlite3.Cursor | None = None

    async def __aenter__(self) -> SqliteCursor:
        """Returns the cursor itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes the cursor."""
        await self.close()

    async def execute(self, sql: str, parameters: Parameters = ()) -> SqliteCursor:
        """Runs a statement and reads its first rows.

        Raises:
            sqlite3.Error: As SQLite says.
        """
        await self._run(lambda cursor: cursor.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Parameters]) -> SqliteCursor:
        """Runs a statement for each of the parameters.

        Raises:
            sqlite3.Error: As SQLite says.
        """
        await self._run(lambda cursor: cursor.executemany(sql, parameters))
        return self

    async def fetchone(self) -> Any:
        """Returns the next row, or None."""
        found = await self.fetchmany(1)
        return found[0] if found else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Returns at most `size` more rows."""
        wanted = self.arraysize if size is None else size
        if len(self._rows) < wanted and self._open is not None:
            await self._read(partial(self._open.fetchmany, max(wanted, _PAGE)), wanted)
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchall(self) -> list[Any]:
        """Returns all rows that are left."""
        if self._open is not None:
            await self._read(self._open.fetchall, None)
        rows = list(self._rows)
        self._rows.clear()
        return rows

    async def close(self) -> None:
        """Ends the statement."""
        self._rows.clear()
        if (left := self._open) is not None:
            self._open = None
            await self._connection.in_thread(left.close)

    async def _run(self, run: Callable[[sqlite3.Cursor], object]) -> None:
        await self.close()
        begin = self._connection.taken_begin()

        def work() -> tuple[sqlite3.Cursor, list[Any], bool]:
            cursor = self._connection.raw_cursor()
            if begin:
                cursor.execute(begin)
            run(cursor)
            rows = cursor.fetchmany(_PAGE) if cursor.description is not None else []
            # An open cursor would keep its snapshot of the database.
            if ended := len(rows) < _PAGE:
                cursor.close()
            return cursor, rows, ended

        cursor, rows, ended = await self._connection.in_thread(work)
        self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        self._rows.extend(rows)
        self._open = None if ended else cursor

    async def _read(self, read: Callable[[], list[Any]], wanted: int | None) -> None:
        rows = await self._connection.in_thread(read)
        self._rows.extend(rows)
        if wanted is None or len(rows) < max(wanted, _PAGE):
            self._open = None


def connect(database: str, **arguments: Any) -> SqliteConnection:
    """Creates a connection, which opens when it is awaited; takes the arguments of `sqlite3.connect`."""
    connection = SqliteConnection(lambda: sqlite3.connect(database, **arguments), _PAGE)
    # As SQLAlchemy does where it connects itself: a process ends without waiting for an idle connection.
    connection._thread.daemon = True
    return connection
