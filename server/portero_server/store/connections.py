"""How connections are made: a single writer for SQLite; sessions, TLS and replacement after timeouts for MySQL."""

from __future__ import annotations

import math
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import Pool, PoolResetState, QueuePool

from portero_server.errors import StartupProblem
from portero_server.private_files import Readers, readers_of
from portero_server.store import sqlite_cursor
from portero_server.store.bulk.incoming import DialectName
from portero_server.store.bulk.value_list import connect
from portero_server.store.faults import READ_ONLY_CODES, driver_code
from portero_server.store.packets import keep_within_packets
from portero_server.store.sqlite_file import SqliteFile

_log = structlog.get_logger(__name__)

_TLS_WORDS = ("ssl", "ssl_ca", "ssl_cert", "ssl_key")
_KNOWN_WORDS = frozenset({*_TLS_WORDS, "unix_socket"})
_OLDEST_CONNECTION = 1800.0
"""Seconds after which an idle connection is replaced; firewalls and servers drop them after hours."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The SQLAlchemy engines that give units of work their connections.

    Attributes:
        dialect: Name of the SQL dialect.
        address: The database's address for messages, without user and password.
        writer: For units that write; SQLite's has one connection, so that its pool is the queue of writers.
        reader: For units that only read; the same as `writer` except for SQLite.
        distrust: Has every connection made so far replaced before it is used again.
        folder: Where the database's file is; None for a server.
        limit: Most connections, of both together.
        check_file: Proves that the database's file is still the one that was opened; raises DatabaseFileLost.
    """

    dialect: DialectName
    address: str
    writer: AsyncEngine
    reader: AsyncEngine
    distrust: Callable[[], None]
    folder: Path | None
    limit: int
    check_file: Callable[[], None] = lambda: None

    @property
    def in_use(self) -> int:
        """Number of connections that units of work hold."""
        return sum(_held(engine.pool) for engine in {self.writer, self.reader})


def make_engines(url: str, *, pool_size: int, timeout: float) -> Engines:
    """Creates the engines for a database, without connecting yet.

    Args:
        url: sqlite+aiosqlite:///FILE, or mysql+aiomysql://USER:PASSWORD@HOST:PORT/NAME with, for TLS, ?ssl=true
            (certificates of the system) or ?ssl_ca=FILE, ssl_cert=FILE and ssl_key=FILE.
        pool_size: Most connections to MySQL; most reading ones to SQLite.
        timeout: Longest time of a unit of work, seconds.

    Raises:
        StartupProblem: The URL cannot be used.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StartupProblem("PORTERO_DATABASE_URL is not a database URL") from None
    options: dict[str, Any] = {
        # Statements in error texts must not show names of people.
        "hide_parameters": True,
        # The unit's own time limit ends the wait for a connection first.
        "pool_timeout": 2 * timeout,
        "max_overflow": 0,
    }
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, pool_size, timeout, options)
    return _mysql(parsed, pool_size, timeout, options)


def _sqlite(url: URL, pool_size: int, timeout: float, options: dict[str, Any]) -> Engines:
    if not url.database or ":memory:" in url.database:
        raise StartupProblem("PORTERO_DATABASE_URL must name a file, as sqlite+aiosqlite:///portero.db")
    _check_file(Path(url.database))
    file = SqliteFile(Path(url.database))

    def engine(begin: str, size: int, only_reads: bool) -> AsyncEngine:
        # Without an isolation level the driver begins no transactions by itself; ours begin as they must.
        arguments = {"isolation_level": None, "async_creator_fn": sqlite_cursor.connect}
        made = create_async_engine(url, pool_size=size, connect_args=arguments, pool_reset_on_return=None, **options)

        @event.listens_for(made.sync_engine, "reset")
        def roll_back_unfinished(connection: Any, _: object, state: PoolResetState) -> None:
            # The pool would send a ROLLBACK after each COMMIT.
            unfinished = connection.driver_connection.in_transaction
            if unfinished and state.asyncio_safe and not state.transaction_was_reset:
                connection.rollback()

        @event.listens_for(made.sync_engine, "do_connect")
        def look_first(*_: object) -> None:
            file.before_opening()

        @event.listens_for(made.sync_engine, "close")
        def closed(*_: object) -> None:
            file.closed()

        @event.listens_for(made.sync_engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            # Other processes (portero-server migrate) may hold the file for a moment.
            cursor.execute(f"PRAGMA busy_timeout = {int(timeout * 800)}")
            cursor.execute("PRAGMA journal_mode = WAL")
            # With WAL a lesser setting loses commits when power fails.
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.execute("PRAGMA foreign_keys = ON")
            # What was erased must not be found in the file's free pages; some builds of SQLite leave it there.
            cursor.execute("PRAGMA secure_delete = ON")
            cursor.execute(f"PRAGMA query_only = {'ON' if only_reads else 'OFF'}")
            cursor.close()
            file.opened()

        @event.listens_for(made.sync_engine, "begin")
        def begin_transaction(connection: Connection) -> None:
            driver: Any = connection.connection.driver_connection
            driver.begin_with_next(begin)

        return made

    # IMMEDIATE takes the write lock at once: a transaction that began by reading could not be upgraded.
    writer = engine("BEGIN IMMEDIATE", 1, only_reads=False)
    reader = engine("BEGIN", pool_size, only_reads=True)
    return Engines(
        "sqlite",
        url.database,
        writer,
        reader,
        lambda: None,
        Path(url.database).resolve().parent,
        1 + pool_size,
        file.check,
    )


async def emptied_log(connection: AsyncConnection) -> bool:
    """Empties the write-ahead log of an SQLite database. Returns whether that was possible without waiting."""
    # Past SQLAlchemy, which would begin a transaction, and within one no log can be emptied.
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is None:
        return False
    [(patience,)] = await driver.execute_fetchall("PRAGMA busy_timeout")
    # Commits of the streams wait meanwhile: better to try again later than to wait for a slow reader here.
    await driver.execute_fetchall("PRAGMA busy_timeout = 0")
    try:
        [(busy, *_)] = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await driver.execute_fetchall(f"PRAGMA busy_timeout = {int(patience)}")
    return not busy


def _check_file(file: Path) -> None:
    # Found out here rather than by connecting: the driver then leaves a thread that complains after the loop's end.
    try:
        present = file.parent.is_dir()
    except PermissionError:
        raise StartupProblem(f"PORTERO_DATABASE_URL: the folder {file.parent.absolute()} may not be entered") from None
    if not present:
        raise StartupProblem(f"PORTERO_DATABASE_URL: the folder {file.parent} does not exist")
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise StartupProblem(f"PORTERO_DATABASE_URL: the file {file} cannot be written")


def _mysql(url: URL, pool_size: int, timeout: float, options: dict[str, Any]) -> Engines:
    context = _tls(url)
    engine = create_async_engine(
        url.difference_update_query(_TLS_WORDS),
        pool_size=pool_size,
        # No ping on checkout: it would cost a round trip a unit, and a unit whose connection turns out to be
        # lost is run again anyway.
        pool_recycle=_OLDEST_CONNECTION,
        # The pool would send a ROLLBACK after each COMMIT; see _roll_back_unfinished.
        pool_reset_on_return=None,
        isolation_level="READ COMMITTED",
        connect_args=_session(timeout, context),
        **options,
    )
    event.listen(engine.sync_engine, "reset", _roll_back_unfinished)
    event.listen(engine.sync_engine, "handle_error", _leave_former_writer)
    keep_within_packets(engine.sync_engine)
    if context is not None:
        event.listen(engine.sync_engine, "connect", _insist_on_tls)
    address = f"{url.host or 'localhost'}:{url.port or 3306}/{url.database or ''}"
    return Engines("mysql", address, engine, engine, _distrusting(engine), None, pool_size)


def _session(timeout: float, context: ssl.SSLContext | None) -> dict[str, Any]:
    """Returns the driver's arguments: how it connects, and what a session begins with."""
    arguments: dict[str, Any] = {
        "async_creator_fn": connect,
        "charset": "utf8mb4",
        "connect_timeout": timeout,
        "init_command": (
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
            # Shorter than the unit's time, so that there is some left to try again.
            f"innodb_lock_wait_timeout = {max(1, math.floor(timeout / 2))}"
        ),
    }
    return arguments if context is None else {**arguments, "ssl": context}


def _distrusting(engine: AsyncEngine) -> Callable[[], None]:
    """Returns what has every connection made so far replaced before it is used again."""
    distrusted = False

    def distrust() -> None:
        nonlocal distrusted
        distrusted = True

    @event.listens_for(engine.sync_engine, "checkout")
    def replace_distrusted(*_: object) -> None:
        # After a timeout every pooled connection may be dead, and each would cost another timeout.
        nonlocal distrusted
        if distrusted:
            distrusted = False
            raise InvalidatePoolError

    return distrust


def _roll_back_unfinished(connection: Any, _: object, state: PoolResetState) -> None:
    # By the server's own word, which comes with the answer to a COMMIT and to whatever writes. A failed statement
    # carries none, but whoever had one rolls back (database.py); a COMMIT that failed leaves what was said before
    # it: unfinished.
    unfinished = connection.driver_connection.get_transaction_status()
    if unfinished and state.asyncio_safe and not state.transaction_was_reset:
        connection.rollback()


def _leave_former_writer(context: ExceptionContext) -> None:
    if driver_code(context.original_exception) in READ_ONLY_CODES:
        context.is_disconnect = True


def _insist_on_tls(connection: Any, _: object) -> None:
    # If the server offers no TLS, the driver would continue in plain text.
    cursor = connection.cursor()
    cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
    row = cursor.fetchone()
    cursor.close()
    if not row or not row[1]:
        raise StartupProblem("the database server offers no TLS, which PORTERO_DATABASE_URL asks for")


def _held(pool: Pool) -> int:
    return pool.checkedout() if isinstance(pool, QueuePool) else 0


def _tls(url: URL) -> ssl.SSLContext | None:
    words = {name: value for name, value in url.query.items() if isinstance(value, str)}
    unknown = sorted(set(url.query) - _KNOWN_WORDS)
    if unknown:
        raise StartupProblem(
            f"PORTERO_DATABASE_URL has unknown options {', '.join(unknown)}; "
            f"known are {', '.join(sorted(_KNOWN_WORDS))}"
        )
    if words.get("ssl", "true") not in ("true", "false"):
        raise StartupProblem("PORTERO_DATABASE_URL: ssl must be true or false")
    if words.get("ssl") == "false" or not set(words) & set(_TLS_WORDS):
        return None
    try:
        context = ssl.create_default_context(cafile=words.get("ssl_ca"))
        key = words.get("ssl_key")
        if key is not None and readers_of(Path(key)) is Readers.EVERYBODY:
            _log.warning("database_key_readable_by_others", file=key, readers=Readers.EVERYBODY.value)
        if "ssl_cert" in words:
            context.load_cert_chain(words["ssl_cert"], words.get("ssl_key"))
    except OSError as error:
        raise StartupProblem(
            f"PORTERO_DATABASE_URL: a certificate file cannot be used: {error.strerror or error}"
        ) from None
    return context
