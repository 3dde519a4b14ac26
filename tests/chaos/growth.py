"""What grows in a server and a bridge that run for long: memory, descriptors, threads, logs, the database.

    python -m tests.chaos.growth --minutes 60 --cameras 50

Half of the cameras are a bridge's, with spools, whose connections are cut every half minute. Those of the other half
come and go, each over a connection of its own that is cut without a word; beside them callers ask this and that.
Every 15 s a sample goes to build/growth-DATABASE.csv; in the end a line is fitted to each column after the warm-up.
Ends with 1 when something grows by more than its limit (growth_report.py) or an error was logged.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import psutil

from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import PorteroError, ResourceExhausted, Unavailable, Unreachable
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.chaos.actors import clean_environment
from tests.chaos.alone import LoneServer, lone_server
from tests.chaos.churn import visit
from tests.chaos.growth_report import Sample, growths, plot, write_csv
from tests.chaos.processes import Supervised
from tests.chaos.proxy import Proxy
from tests.support.images.patch_photos import photo
from tests.support.model.ledger import LedgerFile
from tests.support.model.script import camera_name, color_of, person_name
from tests.support.repository import ROOT
from tests.support.store.mariadb import MariaDB

_SAMPLE = 15.0
_CUT = 30.0
"""Seconds between two cuts of the bridge's connections."""
_CALLS = 5.0
"""Calls a second beside the streams."""
_BUILD = ROOT / "build"
_SCHEMA = "growth"


_LATER = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
_MOST_TURNED_AWAY = 0.01
"""Share of calls and streams that may be told to come later: a busy machine is no growth, a server that is busy is."""


class Load:
    """Everything that goes on around one server."""

    def __init__(self, server: LoneServer, folder: Path, cameras: int, rate: float, churn: float, seed: int) -> None:
        """Prepares the load.

        Args:
            server: Runs already.
            folder: For spools and the bridge's ledger.
            cameras: Half of them the bridge's.
            rate: Frames a second of each of the bridge's cameras.
            churn: Reconnects a second of the others.
            seed: Of everything that chance decides.
        """
        self.troubles: list[str] = []
        self.calls = 0
        self.turned_away = 0
        self.reconnects = 0
        self.bridge_log = 0
        self._server = server
        self._chance = random.Random(seed)
        self._bridged = cameras // 2
        self._cameras = cameras
        self._churn = churn
        self._proxy = Proxy(int(server.address.rpartition(":")[2]))
        self._ledger = LedgerFile(folder / "ledger.txt", self._bridged)
        self._opened = 0
        self._visited = 0
        self._durable = dict.fromkeys(range(cameras), 0)
        self.spools = folder / "spools"
        self.spools.mkdir()
        self.bridge = Supervised(
            "bridge",
            lambda life: ["tests.chaos.bridge_main", json.dumps(self._orders(folder, rate, seed + life))],
            clean_environment(),
            on_output=self._bridge_told,
            on_log=self._bridge_said,
        )
        self.bridge.last_life()

    @property
    def bridge_reconnects(self) -> int:
        """How often a stream of the bridge was opened."""
        return self._opened

    @property
    def frames(self) -> int:
        """How many frames are durable."""
        return self._ledger.frames_acked + self._visited

    async def run(self, seconds: float) -> None:
        """Goes on for so long."""
        until = time.monotonic() + seconds
        async with self._proxy, asyncio.TaskGroup() as group:
            bridge = group.create_task(self.bridge.run())
            others = [
                group.create_task(self._paced(self._churn, until, self._come_and_go)),
                group.create_task(self._paced(_CALLS, until, self._call)),
                group.create_task(self._paced(1 / _CUT, until, self._cut)),
            ]
            await asyncio.wait(others)
            self.bridge.kill()
            await bridge

    def _orders(self, folder: Path, rate: float, seed: int) -> dict[str, object]:
        return {
            "server": f"127.0.0.1:{self._proxy.port}",
            "next_index": self._ledger.next_index,
            "spools": str(self.spools),
            "halt": str(folder / "halt"),
            "rate": rate,
            "seed": seed,
            "points": {},
            "defects": [],
            "live": True,
        }

    async def _paced(self, rate: float, until: float, do: Callable[[], Awaitable[None]]) -> None:
        """Does something so often a second; what is late is not made up for."""
        due = time.monotonic() + 1 / rate
        while due < until:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            try:
                await do()
            except (Unavailable, Unreachable, ResourceExhausted):
                self.turned_away += 1
            except PorteroError as error:
                self.troubles.append(f"{type(error).__name__}: {error}")
            except grpc.aio.AioRpcError as error:
                if error.code() in _LATER:
                    self.turned_away += 1
                else:
                    # An hour's samples are worth keeping, whatever became of one call.
                    self.troubles.append(f"{do.__name__}: {error.code().name}: {error.details()}")
            due = max(due + 1 / rate, time.monotonic())

    async def _come_and_go(self) -> None:
        camera = self._bridged + self.reconnects % (self._cameras - self._bridged)
        durable = self._durable[camera]
        self._durable[camera] = await visit(self._server.address, camera, durable, self._chance)
        self._visited += self._durable[camera] - durable
        self.reconnects += 1

    async def _call(self) -> None:
        """Asks one of the usual things, now and then over a connection of its own."""
        self.calls += 1
        camera = self._chance.randrange(self._cameras)
        async with PorteroClient(ConnectionSettings(self._server.address)) as client:
            match self.calls % 4:
                case 0:
                    await client.cameras.get(camera_name(camera))
                case 1:
                    await client.images.search(photo(color_of(person_name(camera, 0))))
                case 2:
                    await client.sightings.list(camera=camera_name(camera)).first(20)
                case _:
                    await client.people.list().first(20)

    async def _cut(self) -> None:
        self._proxy.cut()

    def _bridge_told(self, line: str) -> None:
        self._opened += line.startswith("O ")
        self._ledger.take(line)

    def _bridge_said(self, line: str) -> None:
        self.bridge_log += len(line) + 1
        if "Traceback" in line:
            self.troubles.append(f"the bridge said: {line[:500]}")


class Watch:
    """Takes the samples."""

    def __init__(self, server: LoneServer, load: Load, database: Callable[[], int]) -> None:
        self.samples: list[Sample] = []
        self._server = server
        self._load = load
        self._database = database
        self._began = time.monotonic()

    async def run(self) -> None:
        """Samples until canceled."""
        while True:
            await asyncio.sleep(_SAMPLE)
            await self.sample()

    async def sample(self) -> None:
        """Takes one sample, if both processes run."""
        server, load = self._server.process, self._load
        if not server.is_up or not load.bridge.is_up:
            return
        database = await asyncio.to_thread(self._database)
        with contextlib.suppress(psutil.NoSuchProcess):
            one, other = psutil.Process(server.pid), psutil.Process(load.bridge.pid)
            self.samples.append(
                Sample(
                    seconds=round(time.monotonic() - self._began, 1),
                    server_rss=one.memory_info().rss,
                    server_descriptors=one.num_fds(),
                    server_threads=one.num_threads(),
                    server_log=self._server.logged,
                    bridge_rss=other.memory_info().rss,
                    bridge_descriptors=other.num_fds(),
                    bridge_threads=other.num_threads(),
                    bridge_log=load.bridge_log,
                    spools=_size(load.spools),
                    database=database,
                    reconnects=load.reconnects + load.bridge_reconnects,
                    bridge_reconnects=load.bridge_reconnects,
                    calls=load.calls,
                    frames=load.frames,
                )
            )


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*"))


@asynccontextmanager
async def _database(kind: str, folder: Path) -> AsyncIterator[tuple[str | None, Callable[[], int]]]:
    """Provides a database: its URL, None for the server's own file, and a function that returns its size in bytes."""
    if kind == "sqlite":
        yield None, lambda: sum(file.stat().st_size for file in folder.glob("portero.db*"))
        return
    mariadb = MariaDB()
    await asyncio.to_thread(mariadb.start)
    try:
        url = mariadb.create_schema(_SCHEMA)
        database = Database(url, pool_size=1, timeout=60)
        await migrate(database)
        await database.aclose()
        yield url, lambda: mariadb.size(_SCHEMA)
    finally:
        await asyncio.to_thread(mariadb.stop)


async def run(arguments: argparse.Namespace) -> int:
    """Runs it and prints the figures."""
    _BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="portero-growth-") as name:
        folder = Path(name)
        async with (
            _database(arguments.database, folder) as (url, size),
            lone_server(folder, arguments.cameras, url=url) as server,
        ):
            load = Load(server, folder, arguments.cameras, arguments.rate, arguments.churn, arguments.seed)
            watch = Watch(server, load, size)
            sampling = asyncio.create_task(watch.run())
            await load.run(60 * arguments.minutes)
            sampling.cancel()
            troubles = load.troubles + [line for line in server.lines if "Traceback" in line or '"error"' in line]
    if load.turned_away > _MOST_TURNED_AWAY * (load.calls + load.reconnects):
        troubles.append(f"{load.turned_away} calls and streams were told to come later")
    stem = _BUILD / f"growth-{arguments.database}"
    write_csv(stem.with_suffix(".csv"), watch.samples)
    title = f"{arguments.cameras} cameras on {arguments.database}, {arguments.minutes:g} minutes, seed {arguments.seed}"
    plot(stem.with_suffix(".png"), watch.samples, title)
    grown = growths(watch.samples)
    last = watch.samples[-1]
    figures = {
        "seed": arguments.seed,
        "minutes": round(last.seconds / 60, 1),
        "reconnects": last.reconnects,
        "bridge_reconnects": last.bridge_reconnects,
        "calls": last.calls,
        "turned_away": load.turned_away,
        "frames": last.frames,
        "an_hour": {each.limit.column: round(each.hourly) for each in grown},
        "allowed_an_hour": {each.limit.column: round(each.allowed) for each in grown},
        "too_much": [f"{each.limit.column}: {each.limit.because}" for each in grown if each.too_much],
        "troubles": troubles[:5],
    }
    json.dump(figures, sys.stdout, indent=2)
    sys.stdout.write("\n")
    return 1 if figures["too_much"] or troubles else 0


def main() -> int:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--cameras", type=int, default=50)
    parser.add_argument("--database", choices=["mariadb", "sqlite"], default="sqlite")
    parser.add_argument("--rate", type=float, default=2.0, help="frames a second of each of the bridge's cameras")
    parser.add_argument("--churn", type=float, default=5.0, help="reconnects a second of the other cameras")
    parser.add_argument("--seed", type=int, default=1)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    raise SystemExit(main())
