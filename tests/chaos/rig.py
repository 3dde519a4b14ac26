"""One run of the chaos rig: real processes, a network that breaks, faults from a seed, and the state they leave."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path

from portero_client import ConnectionSettings, PorteroClient
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.chaos.actors import STOP_GRACE, Actors
from tests.chaos.faults import DATABASE_FAULTS, KILLS, Fault, possible, strokes
from tests.chaos.plan import Outcome, Plan
from tests.chaos.proxy import Proxy
from tests.chaos.striking import Striker
from tests.support.images.patch_photos import photo
from tests.support.model.script import PEOPLE_PER_CAMERA, camera_name, color_of, person_name
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE

_RESPITE = 1.0
_SAMPLE = 0.5


class Rig:
    """The processes of one run and what happens to them."""

    def __init__(
        self, plan: Plan, folder: Path, database: MariaDB | None, url: str, proxies: tuple[Proxy, Proxy]
    ) -> None:
        self._plan = plan
        self._database = database
        self._proxies = proxies
        self.outcome = Outcome(folder, url, folder / "ledger.txt")
        streams, database_proxy = proxies
        ports = None if database is None else (database.port, database_proxy.port)
        self._cast = Actors(plan, folder, self.outcome, streams, ports)
        self._striker = Striker(plan, self._cast, database, streams, database_proxy)

    async def run(self) -> None:
        """Runs the plan to its end; what it saw is in `outcome`."""
        began = time.monotonic()
        with self._cast.ledger:
            async with asyncio.TaskGroup() as group:
                server = group.create_task(self._cast.server.run())
                sampling = group.create_task(self._sample())
                async with asyncio.timeout(PATIENCE):
                    await self._cast.serving.wait()
                await self._register()
                bridge = group.create_task(self._cast.bridge.run())
                await self._strike(began)
                await self._calm_down(bridge)
                await self._end_server(server)
                sampling.cancel()
        outcome = self.outcome
        outcome.seconds = time.monotonic() - began
        outcome.kills = {
            "server": self._cast.server.kills,
            "bridge": self._cast.bridge.kills,
            "database": self._striker.database_kills,
        }
        outcome.peaks = {"server": self._cast.server.peak, "bridge": self._cast.bridge.peak}
        outcome.troubles += self._cast.server.odd_endings + self._cast.bridge.odd_endings

    async def _register(self) -> None:
        """Makes the cameras known and teaches the faces of their people."""
        async with PorteroClient(ConnectionSettings(f"127.0.0.1:{self._proxies[0].port}")) as client:
            for camera in range(self._plan.cameras):
                await client.cameras.create(camera_name(camera))
                for place in range(PEOPLE_PER_CAMERA):
                    name = person_name(camera, place)
                    person = await client.people.create(name, person_id=name)
                    await client.people.enroll(person.name, photo(color_of(name)))

    async def _strike(self, began: float) -> None:
        plan = self._plan
        for stroke in strokes(plan.seed, only=plan.only, pause=plan.pause, database=plan.database):
            if self._done() or time.monotonic() - began > self._plan.patience:
                return
            await asyncio.sleep(stroke.after)
            if self._has_enough(stroke.fault):
                continue
            await self._striker.respite()
            await self._striker.carry_out(stroke)
            self.outcome.struck[stroke.fault] += 1
        while not self._done() and time.monotonic() - began < self._plan.patience:  # noqa: ASYNC110 - these are figures
            await asyncio.sleep(0.05)

    def _done(self) -> bool:
        return (
            self._cast.ledger.frames_acked >= self._plan.frames
            and all(self._has_enough(kill) for kill in (Fault.KILL_SERVER, Fault.KILL_BRIDGE))
            and self._database_suffered()
        )

    def _has_enough(self, fault: Fault) -> bool:
        if fault not in KILLS:
            return False
        if self._plan.only is not None and fault not in self._plan.only:
            return True
        if fault is Fault.KILL_DATABASE:
            return self._database_suffered()
        process = self._cast.server if fault is Fault.KILL_SERVER else self._cast.bridge
        return process.kills >= self._plan.kills

    def _database_suffered(self) -> bool:
        """Whether the database was killed as often as planned; a file is held by others, or its disk full, instead."""
        counted = {Fault.KILL_DATABASE} if self._database is not None else DATABASE_FAULTS["sqlite"]
        may_come = possible(self._plan.database, self._plan.only)
        return not counted & may_come or self._striker.database_kills >= self._plan.kills

    async def _calm_down(self, bridge: asyncio.Task[None]) -> None:
        """Ends all faults and lets the bridge bring everything home."""
        self._cast.calm = True
        self._cast.halt()
        for proxy in self._proxies:
            proxy.set()
        if self._plan.points:
            # Both are born again without fault points.
            self._cast.server.send(signal.SIGKILL)
            self._cast.bridge.send(signal.SIGKILL)
            await asyncio.sleep(_RESPITE)
        self._cast.bridge.last_life()
        if not await self._within(PATIENCE, asyncio.shield(bridge), "the bridge did not bring everything home"):
            self._cast.bridge.send(signal.SIGKILL)
            await bridge
        elif self._cast.bridge.last_code != 0:
            self.outcome.troubles.append(f"the bridge ended with {self._cast.bridge.last_code}")

    async def _end_server(self, server: asyncio.Task[None]) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._cast.serving.wait()
        self._cast.server.last_life()
        # A machine that is slow to start a server is slow to end one.
        slowness = 2 * self._cast.start_seconds
        began = time.monotonic()
        self._cast.server.send(signal.SIGTERM)
        if not await self._within(
            STOP_GRACE + max(4.0, slowness), asyncio.shield(server), "the server did not end within its grace"
        ):
            self._cast.server.send(signal.SIGKILL)
            await server
        elif self._cast.server.last_code != 0:
            self.outcome.troubles.append(f"the server ended with {self._cast.server.last_code}")
        self.outcome.stop_seconds = time.monotonic() - began
        if self.outcome.stop_seconds > max(STOP_GRACE / 2, slowness):
            self.outcome.troubles.append(f"without any stream the server took {self.outcome.stop_seconds:.1f} s to end")

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(_SAMPLE)
            self._cast.server.sample()
            self._cast.bridge.sample()

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
