"""How each fault is carried out on the processes and the network of a run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
import time
from pathlib import Path

import psutil

from tests.chaos.actors import Actors
from tests.chaos.faults import DATABASE_FAULTS, HOSTILE, Fault, Stroke
from tests.chaos.hostile_callers import HostileCaller
from tests.chaos.plan import Plan
from tests.chaos.processes import Supervised
from tests.chaos.proxy import Flow, Proxy
from tests.support.store.mariadb import MariaDB

_FULL_DISK = 64 * 1024
_FULL_FILE = 8192
_MOST_UNSERVED = 3
_LONGEST_START = 60.0


class Striker:
    """Strikes a run.

    Attributes:
        database_kills: How often the database was killed; of a file, how often it was held or its disk full.
    """

    def __init__(
        self, plan: Plan, cast: Actors, database: MariaDB | None, streams: Proxy, database_proxy: Proxy
    ) -> None:
        self.database_kills = 0
        self._hostile = HostileCaller(cast)
        self._plan = plan
        self._cast = cast
        self._database = database
        self._streams_proxy = streams
        self._database_proxy = database_proxy
        self._unserved = 0

    async def respite(self) -> None:
        """Waits for a server that serves, when too many faults in a row found none.

        Where the machine is slow, a server would else never live long enough to take a frame.
        """
        self._unserved = 0 if self._cast.serving.is_set() else self._unserved + 1
        if self._unserved > _MOST_UNSERVED:
            self._unserved = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_START):
                    await self._cast.serving.wait()

    async def carry_out(self, stroke: Stroke) -> None:
        """Does what the stroke says, and ends it again when its time has come."""
        if stroke.fault is Fault.PAUSE_SERVER or stroke.fault in DATABASE_FAULTS[self._plan.database]:
            with self._cast.outages.during():
                await self._strike(stroke)
        else:
            await self._strike(stroke)

    async def _strike(self, stroke: Stroke) -> None:
        match stroke.fault:
            case Fault.KILL_SERVER:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        await self._cast.serving.wait()
                now = time.monotonic()
                self._cast.killed_at = dict.fromkeys(range(self._plan.cameras), now)
                self._cast.server.send(signal.SIGKILL)
            case Fault.ROTATE_SERVER:
                await self._rotate()
            case Fault.KILL_BRIDGE:
                self._cast.killed_at.clear()
                self._cast.bridge.send(signal.SIGKILL)
            case Fault.KILL_DATABASE:
                self._cast.killed_at.clear()
                await self._kill_database()
            case Fault.PAUSE_SERVER | Fault.PAUSE_BRIDGE:
                process = self._cast.server if stroke.fault is Fault.PAUSE_SERVER else self._cast.bridge
                process.send(signal.SIGSTOP)
                await asyncio.sleep(stroke.lasts)
                process.send(signal.SIGCONT)
            case Fault.PAUSE_DATABASE if (pid := self._database_pid()) is not None:
                os.kill(pid, signal.SIGSTOP)
                await asyncio.sleep(stroke.lasts)
                os.kill(pid, signal.SIGCONT)
            case Fault.CUT_STREAMS:
                self._streams_proxy.cut()
            case Fault.CUT_DATABASE:
                self._database_proxy.cut()
            case Fault.DISK_FULL if not self._cast.ledger.acked:
                # A bridge that cannot even begin its spool promises nothing; what that means is tested elsewhere.
                return
            case Fault.DISK_FULL:
                await self._fill_disk(self._cast.bridge, _FULL_DISK, stroke.lasts)
            case Fault.FILE_FULL:
                await self._fill_disk(self._cast.server, _FULL_FILE, 2 * stroke.lasts)
                self.database_kills += 1
            case Fault.LOCK_FILE:
                await self._lock_file(2 * stroke.lasts)
                self.database_kills += 1
            case fault if fault in HOSTILE:
                await self._hostile.call(fault, 2 * stroke.lasts)
            case Fault.JUMP_SERVER | Fault.JUMP_BRIDGE:
                # Before its handler is there, the signal would end it.
                if stroke.fault is Fault.JUMP_BRIDGE and self._cast.bridge.has_spoken:
                    self._cast.bridge_jumped = True
                    self._cast.bridge.send(signal.SIGUSR1)
                elif stroke.fault is Fault.JUMP_SERVER and self._cast.serving.is_set():
                    self._cast.server.send(signal.SIGUSR1)
            case _:
                await self._hinder(stroke)

    async def _rotate(self) -> None:
        """Sends SIGTERM to a serving server, as a deployment does, and notes how long its exit takes."""
        if not self._cast.serving.is_set():
            return
        self._cast.serving.clear()
        began, life = time.monotonic(), self._cast.server.lives
        self._cast.server.send(signal.SIGTERM)
        while self._cast.server.is_up and self._cast.server.lives == life:  # noqa: ASYNC110 - a process, not an event
            await asyncio.sleep(0.02)
        self._cast.outcome.rotations.append(time.monotonic() - began)

    async def _hinder(self, stroke: Stroke) -> None:
        proxy = self._database_proxy if stroke.fault is Fault.HOLE_DATABASE else self._streams_proxy
        match stroke.fault:
            case Fault.HOLE_UP:
                proxy.set(up=Flow.STALL)
            case Fault.HOLE_DOWN | Fault.HOLE_DATABASE:
                proxy.set(down=Flow.STALL)
            case Fault.HOLE_BOTH:
                proxy.set(up=Flow.STALL, down=Flow.STALL)
            case Fault.SLOW_READER:
                proxy.set(down=Flow.TRICKLE)
        await asyncio.sleep(2 * stroke.lasts)
        # A hole that closes lets through what was held up; half of them end with a reset instead.
        if stroke.lasts > 1.0:
            proxy.cut()
        proxy.set()

    async def _kill_database(self) -> None:
        if self._database is not None:
            await asyncio.to_thread(self._database.kill)
            await asyncio.to_thread(self._database.start)
            self.database_kills += 1

    def _database_pid(self) -> int | None:
        children = psutil.Process().children()
        return next((child.pid for child in children if child.name() in ("mariadbd", "mysqld")), None)

    async def _fill_disk(self, process: Supervised, size: int, seconds: float) -> None:
        """Lets none of a process's files grow beyond a size, as a full disk would."""
        if not process.is_up:
            return
        pid = process.pid
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
            await asyncio.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def _lock_file(self, seconds: float) -> None:
        """Holds the database file against every other writer; longer than a unit of work may take, now and then."""
        # In a thread: waiting for the server's transactions must not hold up the network between the processes.
        await asyncio.to_thread(_hold, self._cast.database_file, seconds)


def _hold(file: Path, seconds: float) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            # The server was faster; its transactions are short.
            return
        time.sleep(seconds)
        connection.execute("ROLLBACK")
