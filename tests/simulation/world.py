"""One simulated run: bridges, network, servers and store under virtual time, with faults, all from one seed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from tests.simulation.bridges import SimulatedBridge
from tests.simulation.network import Pipe
from tests.simulation.servers import Engine, Link, SimulatedServer, simulated_server
from tests.simulation.store import SimulatedStore
from tests.support.model.checker import check
from tests.support.model.ledger import Told
from tests.support.model.script import PEOPLE_PER_CAMERA, VISIT_GAP, camera_name, person_name
from tests.support.model.verdict import Verdict
from tests.support.time.virtual_time import Deadlock, run_in_virtual_time

_CAMERAS = 2
_FRAMES = 80
_FAULTS = 12
_STORM = 12.0
_CALM = 90.0
_LONG_OUTAGES = (14.0, 45.0)
_LONG_SHARE = 0.1
_POISONED_SHARE = 0.3
_MOST_POISON = 4
_IMPASSABLE_SHARE = 0.05
_MOST_REFUSALS = 6
_SHORT_GAP = timedelta(seconds=2)
"""A visit gap that the second track of a visit is needed to bridge: whatever order they are decided in."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a run gave.

    Attributes:
        struck: The faults, in order, for whoever replays the seed.
        seconds: Virtual seconds it took.
    """

    seed: int
    verdict: Verdict
    struck: tuple[str, ...]
    seconds: float

    @property
    def complaints(self) -> list[str]:
        """Everything that is wrong, in words."""
        return [f"{kind}: {words}" for kind, found in self.verdict.violations.items() for words in found]


def simulate(seed: int) -> Simulation:
    """Runs one seed; the same seed gives the same run."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return run_in_virtual_time(_World(seed).run())
    except Deadlock as deadlock:
        verdict = Verdict()
        verdict.wrong("stuck", str(deadlock))
        return Simulation(seed, verdict, (), 0.0)


class _CountedTask(asyncio.Task[Any]):
    """A task with a hash of its own: sets of tasks, as task groups keep them, else have a new order in each run."""

    _count = itertools.count()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._number = next(self._count)
        super().__init__(*arguments, **options)

    def __hash__(self) -> int:
        return self._number


class _World:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._chance = random.Random(seed)
        people = [person_name(camera, place) for camera in range(_CAMERAS) for place in range(PEOPLE_PER_CAMERA)]
        self._store = SimulatedStore(people, random.Random(seed + 1))
        self._poison()
        # Every other world compares faces where somebody else could be.
        self._engine = Engine(encodes=seed % 2 == 1)
        self._visit_gap = _SHORT_GAP if seed % 4 == 2 else VISIT_GAP
        self._told = Told()
        self._server: SimulatedServer | None = None
        self._servers: set[asyncio.Task[None]] = set()
        self._end_server: asyncio.Event | None = None
        self._struck: list[str] = []
        self._refused_anything = False
        self._network = random.Random(seed + 2)
        self._bridges: list[SimulatedBridge] = []
        self._named: set[tuple[int, int]] = set()

    def _poison(self) -> None:
        """Has the store never take what is found in some frames, and now and then not even that they were there."""
        chance = random.Random(self._seed + 3)
        frames = [(camera_name(camera), sequence) for camera in range(_CAMERAS) for sequence in range(1, _FRAMES + 1)]
        if chance.random() < _POISONED_SHARE:
            self._store.poison = frozenset(chance.sample(frames, chance.randint(1, _MOST_POISON)))
        elif chance.random() < _POISONED_SHARE:
            # One after the other: the first frames of a visit, its middle, or its end.
            first = chance.randrange(len(frames))
            self._store.poison = frozenset(frames[first : first + chance.randint(2, _MOST_POISON)])
        if chance.random() < _IMPASSABLE_SHARE:
            self._store.impassable = frozenset(chance.sample(frames, 1))

    async def run(self) -> Simulation:
        loop = asyncio.get_running_loop()
        _CountedTask._count = itertools.count()
        loop.set_task_factory(lambda loop, work, **options: _CountedTask(work, loop=loop, **options))
        began = loop.time()
        await self._start_server()
        for camera in range(_CAMERAS):
            bridge = SimulatedBridge(
                camera, _FRAMES, self._told, self._connect, self._make_link, self._seed * 7919 + camera
            )
            self._bridges.append(bridge)
            bridge.start()
        await self._storm()
        verdict = await self._end()
        return Simulation(self._seed, verdict, tuple(self._struck), loop.time() - began)

    async def _end(self) -> Verdict:
        finished = True
        try:
            async with asyncio.timeout(_CALM):
                for bridge in self._bridges:
                    await bridge.done.wait()
            # The last session's account, and the faces of cut ones.
            await asyncio.sleep(12.0)
        except TimeoutError:
            finished = False
        for bridge in self._bridges:
            await bridge.kill()
        await self._kill_server()
        if self._servers:
            await asyncio.wait(self._servers)
        verdict = check(
            self._told,
            self._store.stored(),
            self._named,
            refused=self._store.refused_answers,
            unfollowed=self._store.unfollowed,
            visit_gap=self._visit_gap,
            compares=self._engine.encodes,
        )
        self._check_refusals(verdict)
        if not finished:
            verdict.wrong("stuck", f"frames are not durable after {_CALM:g} s of calm")
        return verdict

    def _check_refusals(self, verdict: Verdict) -> None:
        """Holds what was put aside against what the store would never have taken."""
        if self._refused_anything or self._store.impassable:
            return
        for numbering in self._told.numberings.values():
            camera = camera_name(numbering.camera)
            for sequence in verdict.refused.get(numbering.epoch, ()):
                if (camera, sequence) not in self._store.poison:
                    verdict.wrong("put aside", f"{camera}: {sequence} was refused, and could have been stored")

    async def _storm(self) -> None:
        deeds: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "reset": self._reset,
            "hole": self._hole,
            "bridge dies": self._bridge_dies,
            "server dies": self._server_dies,
            "server is replaced": self._server_is_replaced,
            "store is down": self._store_is_down,
            "store is stopped": self._store_is_stopped,
            "store is in doubt": self._store_is_in_doubt,
            "engine is slow": self._engine_is_slow,
            "store refuses": self._store_refuses,
            "store takes little at once": self._store_takes_little,
        }
        for _ in range(self._chance.randint(0, _FAULTS)):
            await asyncio.sleep(self._chance.uniform(0.0, _STORM / _FAULTS))
            name = self._chance.choice(list(deeds))
            self._struck.append(f"{asyncio.get_running_loop().time():.2f} {name}")
            await deeds[name]()

    def _outage(self, longest: float) -> float:
        """Returns seconds: mostly short ones, and some after which faces are told to have left, or streams deserted."""
        if self._chance.random() < _LONG_SHARE:
            return self._chance.choice(_LONG_OUTAGES)
        return self._chance.uniform(0.0, longest)

    async def _reset(self) -> None:
        if (link := self._chance.choice(self._bridges).link) is not None:
            link.reset()

    async def _hole(self) -> None:
        """Stops a connection up, in one direction or both, for good: its ends must find out by themselves."""
        if (link := self._chance.choice(self._bridges).link) is not None:
            which = self._chance.randint(1, 3)
            link.up.stopped_up |= bool(which & 1)
            link.down.stopped_up |= bool(which & 2)

    async def _bridge_dies(self) -> None:
        bridge = self._chance.choice(self._bridges)
        await bridge.kill()
        await asyncio.sleep(self._outage(1.0))
        if not bridge.done.is_set():
            bridge.start()

    async def _server_dies(self) -> None:
        await self._kill_server()
        await asyncio.sleep(self._outage(1.0))
        await self._start_server()

    async def _server_is_replaced(self) -> None:
        """A new server takes the connections to come, while the old one still drains."""
        old, end = self._server, self._end_server
        await self._start_server()
        if old is not None and end is not None:
            task = asyncio.create_task(self._drain(old, end))
            self._servers.add(task)
            task.add_done_callback(self._servers.discard)

    async def _drain(self, server: SimulatedServer, end: asyncio.Event) -> None:
        await server.drain(2.0)
        end.set()

    async def _store_is_down(self) -> None:
        self._store.down = True
        await asyncio.sleep(self._outage(3.0))
        self._store.down = False

    async def _store_is_stopped(self) -> None:
        self._store.stopped = True
        await asyncio.sleep(self._outage(6.0))
        self._store.stopped = False

    async def _store_is_in_doubt(self) -> None:
        self._store.doubt = 0.5
        await asyncio.sleep(self._chance.uniform(0.0, 2.0))
        self._store.doubt = 0.0

    async def _store_refuses(self) -> None:
        """Any commits, in a group or alone, for reasons that pass."""
        self._refused_anything = True
        self._store.refusals = self._chance.randint(1, _MOST_REFUSALS)

    async def _store_takes_little(self) -> None:
        self._store.most = self._chance.randint(1, 4)
        await asyncio.sleep(self._chance.uniform(0.0, 2.0))
        self._store.most = None

    async def _engine_is_slow(self) -> None:
        # A comparison that outlasts a decision's deadline parts the tracks of one visit, which is not foreseen.
        self._engine.latency = self._chance.uniform(0.0, 0.5 if self._engine.encodes else 3.0)
        await asyncio.sleep(self._chance.uniform(0.0, 2.0))
        self._engine.latency = 0.05

    async def _start_server(self) -> None:
        end = self._end_server = asyncio.Event()
        up = asyncio.Event()
        task = asyncio.create_task(self._serve(up, end))
        self._servers.add(task)
        task.add_done_callback(self._servers.discard)
        await up.wait()

    async def _serve(self, up: asyncio.Event, end: asyncio.Event) -> None:
        async with simulated_server(self._store, self._engine, _CAMERAS, self._named, self._visit_gap) as server:
            self._server = server
            up.set()
            await end.wait()
        if self._server is server:
            self._server = None

    async def _kill_server(self) -> None:
        if self._end_server is not None:
            self._end_server.set()
            while self._server is not None and self._end_server is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await asyncio.Event().wait()

    def _make_link(self) -> Link:
        return Link(Pipe(self._network), Pipe(self._network))

    def _connect(self, link: Link) -> None:
        if self._server is None:
            link.reset()
        else:
            self._server.connect(link)
