"""One run of the chaos rig: real processes, a network that breaks, faults from a seed, and the state they leave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from portero_client import ConnectionSettings, PorteroClient
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.chaos.faults import KILLS, Fault, Stroke, strokes
from tests.chaos.ledger import LedgerFile
from tests.chaos.processes import Supervised
from tests.chaos.proxy import Flow, Proxy
from tests.chaos.script import PEOPLE_PER_CAMERA, VISIT_GAP, camera_name, color_of, index_of, person_name
from tests.fakes.patch_photos import photo
from tests.mariadb import MariaDB

STOP_GRACE = 6.0
_CALM_TIME = 60.0
_RESPITE = 1.0
_FULL_DISK = 64 * 1024
_SAMPLE = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to be.

    Attributes:
        seed: Of everything that chance decides.
        cameras: How many, each with a stream of its own.
        frames: Acknowledged frames, of all cameras, before the run may end.
        kills: Kills of each process before the run may end.
        database: "mariadb" or "sqlite", which has no process to kill.
        rate: Frames a second of each camera; 0: as fast as they are taken.
        latency: Seconds that the engine takes.
        pause: Mean seconds between two faults.
        points: Fault points and their probabilities.
        defect: Put in on purpose.
        only: Faults that may come; None: all.
        patience: Seconds after which the run ends whatever was reached.
    """

    seed: int = 1
    cameras: int = 8
    frames: int = 2000
    kills: int = 1
    database: str = "mariadb"
    rate: float = 0.0
    latency: float = 0.02
    pause: float = 0.8
    points: dict[str, float] = field(default_factory=dict)
    defect: str | None = None
    only: frozenset[Fault] | None = None
    patience: float = 1800.0


@dataclass(slots=True)
class Outcome:
    """What a run left behind.

    Attributes:
        database_url: Where the results are; the database still runs while this is in use.
        struck: How often each fault struck.
        troubles: What the rig itself saw go wrong.
        resumed: Seconds from each kill of the server to each stream's next opening.
        rotations: Seconds from each SIGTERM under load to the server's exit.
    """

    folder: Path
    database_url: str
    ledger: Path
    struck: Counter[Fault] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    kills: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, int] = field(default_factory=dict)
    resumed: list[float] = field(default_factory=list)
    rotations: list[float] = field(default_factory=list)
    seconds: float = 0.0
    stop_seconds: float = 0.0


class Rig:
    """The processes of one run and what happens to them."""

    def __init__(
        self, plan: Plan, folder: Path, database: MariaDB | None, url: str, proxies: tuple[Proxy, Proxy]
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._database = database
        self._streams_proxy, self._database_proxy = proxies
        self._halt = folder / "halt"
        self._spools = folder / "spools"
        self._ledger = LedgerFile(folder / "ledger.txt", plan.cameras)
        self._server_log = (folder / "server.log").open("a", buffering=1, encoding="utf-8")
        self._bridge_log = (folder / "bridge.log").open("a", buffering=1, encoding="utf-8")
        self._serving = asyncio.Event()
        self._calm = False
        self._database_kills = 0
        self._killed_at: dict[int, float] = {}
        self.outcome = Outcome(folder, url, folder / "ledger.txt")
        self.server = self._make_server()
        self.bridge = self._make_bridge()

    async def run(self) -> None:
        """Runs the plan to its end; what it saw is in `outcome`."""
        began = time.monotonic()
        with self._ledger:
            async with asyncio.TaskGroup() as group:
                server = group.create_task(self.server.run())
                sampling = group.create_task(self._sample())
                async with asyncio.timeout(_CALM_TIME):
                    await self._serving.wait()
                await self._register()
                bridge = group.create_task(self.bridge.run())
                await self._strike(began)
                await self._calm_down(bridge)
                await self._end_server(server)
                sampling.cancel()
        outcome = self.outcome
        outcome.seconds = time.monotonic() - began
        outcome.kills = {
            "server": self.server.kills,
            "bridge": self.bridge.kills,
            "database": self._database_kills,
        }
        outcome.peaks = {"server": self.server.peak, "bridge": self.bridge.peak}
        outcome.troubles += self.server.odd_endings + self.bridge.odd_endings

    # --- The processes --------------------------------------------------------------------------

    def _make_server(self) -> Supervised:
        port = _free_port()
        self._streams_proxy.retarget(port)
        environment = {
            **clean_environment(),
            "PORTERO_DATABASE_URL": self._server_database_url(),
            "PORTERO_DATABASE_TIMEOUT": "2",
            "PORTERO_ENGINE": "scripted",
            "PORTERO_LISTEN": f"127.0.0.1:{port}",
            "PORTERO_ADMIN_LISTEN": "127.0.0.1:0",
            "PORTERO_LOG_FORMAT": "json",
            "PORTERO_HEARTBEAT_INTERVAL": "1",
            "PORTERO_STREAM_IDLE_TIMEOUT": "5",
            "PORTERO_STOP_GRACE": f"{STOP_GRACE:g}",
            "PORTERO_VISIT_GAP": f"{VISIT_GAP.total_seconds():g}",
        }
        return Supervised(
            "server",
            self._server_command,
            environment,
            on_output=lambda _: None,
            on_log=self._server_said,
            on_end=self._serving.clear,
            # Without a database it says so and ends.
            may_end_with=frozenset({1}),
        )

    def _server_command(self, life: int) -> list[str]:
        orders = {
            "seed": self._plan.seed * 1000 + life,
            "points": {} if self._calm else self._plan.points,
            "latency": self._plan.latency,
            "defects": [self._plan.defect] if self._plan.defect in _server_defects() else [],
        }
        return ["tests.chaos.server_main", json.dumps(orders)]

    def _server_said(self, line: str) -> None:
        self._server_log.write(line + "\n")
        if '"serving"' in line:
            self._serving.set()
        # The pool's words about connections that are gone, which faults cut, are no trouble.
        if '"commit_refused"' in line or ("Traceback" in line and "during reset" not in line):
            self.outcome.troubles.append(f"the server said: {line[:2000]}")

    def _make_bridge(self) -> Supervised:
        self._spools.mkdir()
        return Supervised(
            "bridge",
            self._bridge_command,
            clean_environment(),
            on_output=self._bridge_told,
            on_log=self._bridge_said,
            on_end=self._read_spools,
        )

    def _bridge_command(self, life: int) -> list[str]:
        orders = {
            "server": f"127.0.0.1:{self._streams_proxy.port}",
            "next_index": self._ledger.next_index,
            "spools": str(self._spools),
            "halt": str(self._halt),
            "rate": self._plan.rate,
            "seed": self._plan.seed * 1000 + life,
            "points": {} if self._calm else self._plan.points,
            "defects": [self._plan.defect] if self._plan.defect in _bridge_defects() else [],
        }
        return ["tests.chaos.bridge_main", json.dumps(orders)]

    def _bridge_said(self, line: str) -> None:
        self._bridge_log.write(line + "\n")

    def _bridge_told(self, line: str) -> None:
        self._ledger.take(line)
        if line[0] == "O":
            camera = int(line.split()[1])
            if (killed := self._killed_at.pop(camera, None)) is not None:
                self.outcome.resumed.append(time.monotonic() - killed)

    def _read_spools(self) -> None:
        """Puts on record what a killed bridge had got into its spools without a chance to say so."""
        for camera in range(self._plan.cameras):
            file = self._spools / f"{camera_name(camera)}.spool"
            if not file.exists():
                continue
            with contextlib.closing(sqlite3.connect(file)) as connection, contextlib.suppress(sqlite3.DatabaseError):
                (epoch,) = connection.execute("SELECT epoch FROM stream").fetchone()
                newest = connection.execute(
                    "SELECT first_sequence, capture_time_us FROM entries WHERE jpeg IS NOT NULL"
                    " ORDER BY first_sequence DESC LIMIT 1"
                ).fetchone()
                if newest is not None:
                    captured = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=newest[1])
                    self._ledger.take(f"P {epoch} {newest[0]} {index_of(captured)}")

    def _server_database_url(self) -> str:
        if self._database is None:
            return self.outcome.database_url
        return self.outcome.database_url.replace(f":{self._database.port}/", f":{self._database_proxy.port}/")

    # --- The course of a run --------------------------------------------------------------------

    async def _register(self) -> None:
        """Makes the cameras known and teaches the faces of their people."""
        async with PorteroClient(ConnectionSettings(f"127.0.0.1:{self._streams_proxy.port}")) as client:
            for camera in range(self._plan.cameras):
                await client.cameras.create(camera_name(camera))
                for place in range(PEOPLE_PER_CAMERA):
                    name = person_name(camera, place)
                    person = await client.people.create(name, person_id=name)
                    await client.people.enroll(person.name, photo(color_of(name)))

    async def _strike(self, began: float) -> None:
        for stroke in strokes(self._plan.seed, only=self._plan.only, pause=self._plan.pause):
            if self._done() or time.monotonic() - began > self._plan.patience:
                return
            await asyncio.sleep(stroke.after)
            if self._has_enough(stroke.fault):
                continue
            await self._carry_out(stroke)
            self.outcome.struck[stroke.fault] += 1
        while not self._done() and time.monotonic() - began < self._plan.patience:  # noqa: ASYNC110 - these are figures
            await asyncio.sleep(0.05)

    def _done(self) -> bool:
        return self._ledger.frames_acked >= self._plan.frames and all(self._has_enough(kill) for kill in KILLS)

    def _has_enough(self, fault: Fault) -> bool:
        if fault not in KILLS:
            return False
        if self._plan.only is not None and fault not in self._plan.only:
            return True
        if fault is Fault.KILL_DATABASE:
            return self._database is None or self._database_kills >= self._plan.kills
        process = self.server if fault is Fault.KILL_SERVER else self.bridge
        return process.kills >= self._plan.kills

    async def _carry_out(self, stroke: Stroke) -> None:
        match stroke.fault:
            case Fault.KILL_SERVER:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(15):
                        await self._serving.wait()
                now = time.monotonic()
                self._killed_at = dict.fromkeys(range(self._plan.cameras), now)
                self.server.send(signal.SIGKILL)
            case Fault.ROTATE_SERVER:
                await self._rotate()
            case Fault.KILL_BRIDGE:
                self._killed_at.clear()
                self.bridge.send(signal.SIGKILL)
            case Fault.KILL_DATABASE:
                self._killed_at.clear()
                await self._kill_database()
            case Fault.PAUSE_SERVER | Fault.PAUSE_BRIDGE:
                process = self.server if stroke.fault is Fault.PAUSE_SERVER else self.bridge
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
                if stroke.fault is Fault.JUMP_BRIDGE and self.bridge.has_spoken:
                    self.bridge.send(signal.SIGUSR1)
                elif stroke.fault is Fault.JUMP_SERVER and self._serving.is_set():
                    self.server.send(signal.SIGUSR1)
            case _:
                await self._hinder(stroke)

    async def _rotate(self) -> None:
        """Sends SIGTERM to a serving server, as a deployment does, and notes how long its exit takes."""
        if not self._serving.is_set():
            return
        self._serving.clear()
        began, life = time.monotonic(), self.server.lives
        self.server.send(signal.SIGTERM)
        while self.server.is_up and self.server.lives == life:  # noqa: ASYNC110 - a process, not an event
            await asyncio.sleep(0.02)
        self.outcome.rotations.append(time.monotonic() - began)

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
            self._database_kills += 1

    def _database_pid(self) -> int | None:
        children = psutil.Process().children()
        return next((child.pid for child in children if child.name() in ("mariadbd", "mysqld")), None)

    async def _fill_disk(self, seconds: float) -> None:
        if not self.bridge.is_up:
            return
        pid = self.bridge.pid
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FULL_DISK, resource.RLIM_INFINITY))
            await asyncio.sleep(seconds)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    async def _calm_down(self, bridge: asyncio.Task[None]) -> None:
        """Ends all faults and lets the bridge bring everything home."""
        self._calm = True
        self._halt.touch()
        self._streams_proxy.set()
        self._database_proxy.set()
        if self._plan.points:
            # Both are born again without fault points.
            self.server.send(signal.SIGKILL)
            self.bridge.send(signal.SIGKILL)
            await asyncio.sleep(_RESPITE)
        self.bridge.last_life()
        if not await self._within(_CALM_TIME, asyncio.shield(bridge), "the bridge did not bring everything home"):
            self.bridge.send(signal.SIGKILL)
            await bridge
        elif self.bridge.last_code != 0:
            self.outcome.troubles.append(f"the bridge ended with {self.bridge.last_code}")

    async def _end_server(self, server: asyncio.Task[None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(15):
                await self._serving.wait()
        self.server.last_life()
        began = time.monotonic()
        self.server.send(signal.SIGTERM)
        if not await self._within(STOP_GRACE + 4, asyncio.shield(server), "the server did not end within its grace"):
            self.server.send(signal.SIGKILL)
            await server
        elif self.server.last_code != 0:
            self.outcome.troubles.append(f"the server ended with {self.server.last_code}")
        self.outcome.stop_seconds = time.monotonic() - began
        if self.outcome.stop_seconds > STOP_GRACE / 2:
            self.outcome.troubles.append(f"without any stream the server took {self.outcome.stop_seconds:.1f} s to end")

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLE)
            self.server.sample()
            self.bridge.sample()

    async def _within(self, seconds: float, what: Awaitable[object], otherwise: str) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await what
        except TimeoutError:
            self.outcome.troubles.append(otherwise)
            return False
        return True


@contextlib.asynccontextmanager
async def finished_run(plan: Plan, folder: Path) -> AsyncIterator[Outcome]:
    """Runs a plan; while the outcome is in use, its database runs."""
    with _database(plan, folder) as (database, url):
        await _migrated(url)
        async with Proxy(0) as streams, Proxy(database.port if database else 0) as database_proxy:
            rig = Rig(plan, folder, database, url, (streams, database_proxy))
            await rig.run()
        yield rig.outcome


@contextlib.contextmanager
def _database(plan: Plan, folder: Path) -> Iterator[tuple[MariaDB | None, str]]:
    if plan.database == "sqlite":
        yield None, f"sqlite+aiosqlite:///{folder / 'portero.db'}"
        return
    database = MariaDB()
    try:
        database.start()
        yield database, database.create_schema("portero")
    finally:
        database.stop()


async def _migrated(url: str) -> None:
    database = Database(url, pool_size=1, timeout=30)
    await migrate(database)
    await database.aclose()


def clean_environment() -> dict[str, str]:
    """Gives the environment without anything that would set a server up."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}


def _server_defects() -> frozenset[str]:
    from tests.chaos.server_defects import DEFECTS

    return frozenset(DEFECTS)


def _bridge_defects() -> frozenset[str]:
    from tests.chaos.bridge_defects import DEFECTS

    return frozenset(DEFECTS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
