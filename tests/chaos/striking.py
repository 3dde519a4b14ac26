"""How each fault is carried out on the processes and the network of a run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import time

import psutil

from tests.chaos.cast import Cast
from tests.chaos.faults import Fault, Stroke
from tests.chaos.plan import Plan
from tests.chaos.proxy import Flow, Proxy
from tests.mariadb import MariaDB

_FULL_DISK = 64 * 1024
_MOST_UNSERVED = 3
_LONGEST_START = 60.0


class Striker:
    """Strikes a run.

    Attributes:
        database_kills: How often the database was killed.
    """

    def __init__(self, plan: Plan, cast: Cast, database: MariaDB | None, streams: Proxy, database_proxy: Proxy) -> None:
        self.database_kills = 0
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
            case Fault.DISK_FULL:
                await self._fill_disk(stroke.lasts)
            case Fault.JUMP_SERVER | Fault.JUMP_BRIDGE:
                # Before its handler is there, the signal would end it.
                if stroke.fault is Fault.JUMP_BRIDGE and self._cast.bridge.has_spoken:
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

    async def _fill_disk(self, seconds: float) -> None:
        if not self._cast.bridge.is_up:
            return
        pid = self._cast.bridge.pid
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL_DISK, resource.RLIM_INFINITY))
            await asyncio.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
