"""Units of work: each one transaction, in its own task, within a time limit, run again where that is safe.

A unit goes begin → work → commit. Until the commit is sent, a caller that is canceled ends the unit, and a lost
connection, a deadlock or a failover has it run again from the start. From then on nothing but the time limit ends it,
and when no answer comes nobody knows: CommitUnknown.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from portero_server.clock import Clock, SystemClock
from portero_server.errors import StoreUnavailable
from portero_server.store.bulk.incoming import DialectName
from portero_server.store.connections import emptied_log, make_engines
from portero_server.store.faults import CommitUnknown, Fault, FaultVerdict, diagnosed
from portero_server.store.sqlite_file import DatabaseFileLost
from portero_server.store.write_health import WriteHealth, WriteState

T = TypeVar("T")
Unit = Callable[[AsyncConnection], Awaitable[T]]

_MAX_RETRIES = 8
_FIRST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5
_ROLLBACK_TIME = 1.0
_PROBE_TIME = 2.0
# Writes a page in SQLite, where an UPDATE that changes nothing writes none; MySQL refuses it while it takes no writes.
_PROBES: dict[DialectName, str] = {
    "sqlite": "PRAGMA user_version = 1",
    "mysql": "UPDATE alembic_version SET version_num = version_num",
}


class UnitObserver(Protocol):
    """Receives the results of units of work, for metrics."""

    def observe_unit(self, seconds: float, retries: int, outcome: str) -> None:
        """Records one finished unit.

        Args:
            seconds: From the call to the end, waiting and retries included.
            retries: How often it was run again.
            outcome: "committed", "read", "failed" (the unit's own error), "unavailable", "unknown" or "cancelled".
        """
        ...


class UnobservedUnits:
    """Ignores the results of units, where nobody measures."""

    def observe_unit(self, seconds: float, retries: int, outcome: str) -> None:
        """Does nothing with the result."""


@dataclass(frozen=True, slots=True)
class DatabaseLoad:
    """How many connections and how much storage are used.

    Attributes:
        in_use: Connections that units of work hold.
        limit: Most connections.
        storage: Size of the file system that holds the database's file, bytes; 0 with a server.
        storage_free: What is free of it.
    """

    in_use: int
    limit: int
    storage: int
    storage_free: int


class _UnitProgress:
    """The stage a unit has reached, shared between its task and its caller."""

    __slots__ = ("committing", "outcome", "retries")

    def __init__(self) -> None:
        self.committing = False
        self.outcome = "cancelled"
        self.retries = 0


class Database:
    """One database, shared by all stores."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        timeout: float,
        observer: UnitObserver | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Prepares the engines without connecting yet.

        Args:
            url: As in PORTERO_DATABASE_URL.
            pool_size: Most connections.
            timeout: Longest time of one unit of work, seconds.
            observer: Receives the result of every unit.
            clock: Measures them.

        Raises:
            StartupProblem: The URL cannot be used.
        """
        self._engines = make_engines(url, pool_size=pool_size, timeout=timeout)
        self._timeout = timeout
        self._observer = observer or UnobservedUnits()
        self._clock = clock or SystemClock()
        self._tasks: set[asyncio.Task[object]] = set()
        self._closed = False
        self._writes = WriteHealth()

    @property
    def dialect(self) -> DialectName:
        """Name of the SQL dialect."""
        return self._engines.dialect

    @property
    def address(self) -> str:
        """The database's address for messages: host, port and name, or the file; never user or password."""
        return self._engines.address

    def load(self) -> DatabaseLoad:
        """Returns how many connections and how much storage are used."""
        folder = self._engines.folder
        storage = None if folder is None else shutil.disk_usage(folder)
        return DatabaseLoad(
            in_use=self._engines.in_use,
            limit=self._engines.limit,
            storage=0 if storage is None else storage.total,
            storage_free=0 if storage is None else storage.free,
        )

    async def run(self, unit: Unit[T]) -> T:
        """Runs a unit of work in one transaction and commits it.

        Args:
            unit: Gets the connection; runs again from the start after a lost connection or a deadlock, so it
                must do nothing but talk to the database. Its own errors roll back and pass through.

        Raises:
            CommitUnknown: Whether the commit happened is not known.
            StoreUnavailable: The database does not answer, or not in time. Nothing was stored.
            StoreRefused: The data broke a rule of the database. Nothing was stored.
        """
        return await self._in_own_task(self._engines.writer, unit, commits=True)

    async def read(self, unit: Unit[T]) -> T:
        """Runs a unit that only reads; on SQLite it does not queue behind writers.

        Raises:
            StoreUnavailable: The database does not answer, or not in time.
        """
        return await self._in_own_task(self._engines.reader, unit, commits=False)

    async def check(self) -> None:
        """Checks that the database answers.

        Raises:
            StoreUnavailable: It does not.
        """

        async def ask(connection: AsyncConnection) -> None:
            await connection.execute(select(1))

        await self.read(ask)

    async def empty_log(self) -> bool:
        """Moves SQLite's write-ahead log into the file and empties it.

        Returns:
            Whether it is empty; not while a reader still needs the state before the last commits.

        Raises:
            StoreUnavailable: The database does not answer, or has no such log.
        """
        return await self._in_own_task(self._engines.writer, emptied_log, commits=False)

    async def check_writes(self, max_age: float) -> None:
        """Checks that the database accepts writes.

        A commit in the last `max_age` seconds is proof enough; if there was none, one is made that changes nothing.

        Raises:
            StoreUnavailable: It does not, as when its file is gone, its disk full, or another process holds it.
        """
        self._engines.check_file()
        state = self._writes.state(self._clock.monotonic(), max_age)
        if state is WriteState.BAD:
            raise StoreUnavailable(self._writes.problem)
        if state is WriteState.GOOD:
            return

        async def probe(connection: AsyncConnection) -> None:
            await connection.execute(text(_PROBES[self.dialect]))

        try:
            async with asyncio.timeout(_PROBE_TIME):
                await self.run(probe)
        except TimeoutError:
            problem = f"the database took no write within {_PROBE_TIME:g} s"
            self._writes.failed(self._clock.monotonic(), problem)
            raise StoreUnavailable(problem) from None

    async def change_schema(self, work: Callable[[Connection], T]) -> T:
        """Runs synchronous work once, in a transaction without time limit; for migrations.

        Raises:
            StoreUnavailable: The database does not answer, or stopped to.
        """
        # The patience and the time limit of a unit, for making the connection.
        await self.check()
        try:
            async with self._engines.writer.begin() as connection:
                # Takes SQLite's write lock, so that the work of another process has ended before this one looks.
                await connection.execute(select(1))
                return await connection.run_sync(work)
        except (SQLAlchemyError, OSError) as error:
            raise _understood(error).as_error() from None

    async def run_long(self, work: Unit[T], *, snapshot: bool = False) -> T:
        """Runs work once, in one transaction without time limit; for backups.

        Args:
            work: Gets the connection.
            snapshot: Whether it only reads, and sees one state of all tables.

        Raises:
            StoreUnavailable: The database does not answer, or stopped to. Nothing was stored.
        """
        await self.check()
        try:
            async with (self._engines.reader if snapshot else self._engines.writer).connect() as connection:
                if snapshot and self.dialect == "mysql":
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                async with connection.begin():
                    return await work(connection)
        except (SQLAlchemyError, OSError) as error:
            raise _understood(error).as_error() from None

    async def aclose(self) -> None:
        """Waits for the units in progress, which the time limit bounds, and closes all connections."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._engines.writer.dispose()
        await self._engines.reader.dispose()
        # The driver's sockets close in the loop's next turn.
        await asyncio.sleep(0)

    async def _in_own_task(self, engine: AsyncEngine, unit: Unit[T], *, commits: bool) -> T:
        if self._closed:
            raise StoreUnavailable("the database is being closed")
        progress = _UnitProgress()
        task = asyncio.create_task(self._observed(engine, unit, progress, commits=commits))
        self._tasks.add(task)
        task.add_done_callback(self._settled)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not progress.committing:
                task.cancel()
            raise

    def _settled(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # A canceled caller no longer receives the error; the observer did.
            task.exception()

    async def _observed(self, engine: AsyncEngine, unit: Unit[T], progress: _UnitProgress, *, commits: bool) -> T:
        began = self._clock.monotonic()
        try:
            result = await self._within_time(engine, unit, progress, commits=commits)
            progress.outcome = "committed" if commits else "read"
            if commits:
                self._writes.committed(self._clock.monotonic())
            return result
        except StoreUnavailable as error:
            progress.outcome = "unknown" if isinstance(error, CommitUnknown) else "unavailable"
            if commits:
                self._writes.failed(self._clock.monotonic(), error.message)
            raise
        except Exception:
            progress.outcome = "failed"
            raise
        finally:
            self._observer.observe_unit(self._clock.monotonic() - began, progress.retries, progress.outcome)

    async def _within_time(self, engine: AsyncEngine, unit: Unit[T], progress: _UnitProgress, *, commits: bool) -> T:
        try:
            async with asyncio.timeout(self._timeout) as limit:
                while True:
                    try:
                        return await self._transact(engine, unit, progress, commits=commits)
                    except Exception as error:
                        fault = diagnosed(error)
                        if fault is None:
                            raise
                        self._give_up_or_go_on(fault, progress)
                    await asyncio.sleep(_pause(progress.retries))
        except TimeoutError:
            if not limit.expired():
                raise
            self._engines.distrust()
            if progress.committing:
                raise CommitUnknown("the database did not confirm the commit in time") from None
            raise StoreUnavailable(f"the database did not answer within {self._timeout:g} s") from None

    async def _transact(self, engine: AsyncEngine, unit: Unit[T], progress: _UnitProgress, *, commits: bool) -> T:
        connection = await engine.connect()
        try:
            result = await unit(connection)
            if commits:
                self._engines.check_file()
                progress.committing = True
                await connection.commit()
                self._check_committed()
        except BaseException:
            await _abandon(connection)
            raise
        await connection.close()
        return result

    def _check_committed(self) -> None:
        """Checks that a commit did not go into a file that was removed meanwhile."""
        try:
            self._engines.check_file()
        except DatabaseFileLost as lost:
            raise CommitUnknown(lost.message) from None

    @staticmethod
    def _give_up_or_go_on(fault: Fault, progress: _UnitProgress) -> None:
        if progress.committing and fault.unanswered:
            raise CommitUnknown("the database did not confirm the commit") from None
        if fault.verdict is not FaultVerdict.AGAIN or progress.retries >= _MAX_RETRIES:
            raise fault.as_error() from None
        progress.committing = False
        progress.retries += 1


async def _abandon(connection: AsyncConnection) -> None:
    # A rollback that gets no answer breaks the connection, which rolls back as well.
    try:
        with contextlib.suppress(SQLAlchemyError, OSError):
            async with asyncio.timeout(_ROLLBACK_TIME):
                await connection.rollback()
    finally:
        await connection.close()


def _pause(retries: int) -> float:
    # Full jitter, so that units that met once do not meet again.
    return random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**retries))  # noqa: S311 - chance, not a secret


def _understood(error: SQLAlchemyError | OSError) -> Fault:
    return diagnosed(error) or Fault(FaultVerdict.UNAVAILABLE, "the database cannot be used")
