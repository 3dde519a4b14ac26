"""Makes films, shows them, and judges what comes of it: in processes of its own, or at a server."""

from __future__ import annotations

import asyncio
import itertools
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

from portero_server.engines.base import EngineTraits
from tests.benchmarks.identity.account import Account
from tests.benchmarks.identity.eyes import Answers, local_traits
from tests.benchmarks.identity.film import Take, frames
from tests.benchmarks.identity.in_process import account_of
from tests.benchmarks.identity.people import Company
from tests.benchmarks.identity.results import Judged
from tests.benchmarks.identity.scoring import Lenience, score
from tests.benchmarks.identity.through_server import Serving, Showing, door
from tests.support.repository import ROOT

FOLDER = ROOT / "build" / "identity"
VISIT_GAP = timedelta(seconds=2.5)
"""Of the camera, longer than anybody turns away, and so that a return after three seconds is another visit."""
_TELLING = 0.3
"""Seconds that a wrong name through a server is not held against it: what a look and a message take."""


@dataclass(frozen=True, slots=True)
class Job:
    """What all films of a run have to do with.

    Attributes:
        company: Whom to enroll.
        engine: "local", or "rekognition".
    """

    company: Company
    engine: str


def in_process(takes: Sequence[Take], job: Job, processes: int) -> Iterator[Judged]:
    """Judges films in several processes, in virtual time."""
    with _processes(processes) as pool:
        yield from pool.map(_watched, takes, itertools.repeat(job))


async def through_server(takes: Sequence[Take], job: Job, processes: int, serving: Serving) -> AsyncIterator[Judged]:
    """Judges films at a server, in real time.

    As many as there are cameras are drawn, then shown at the same time, so that drawing does not disturb.
    """
    with _processes(processes) as pool:
        async with door(job.company, job.engine, VISIT_GAP, serving) as running:
            cameras = serving.cameras
            for batch in (takes[start : start + cameras] for start in range(0, len(takes), cameras)):
                drawn = await asyncio.gather(*(asyncio.wrap_future(pool.submit(_drawn, take)) for take in batch))
                for take, account in zip(batch, await running.watch(drawn), strict=True):
                    yield _judged(take, account, _TELLING)


def _processes(count: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(count, get_context("spawn"), _begin)


def _begin() -> None:
    """Lets a process end with the one that started it, which would leave it waiting for films if it were killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _watched(take: Take, job: Job) -> Judged:
    paid = job.engine != "local"
    pictures = frames(take, FOLDER)
    account = account_of(pictures, take.size, take.rate, job.company, _answers(), _traits(), VISIT_GAP, paid=paid)
    return _judged(take, account, telling=0.0)


def _drawn(take: Take) -> Showing:
    return Showing(tuple(frames(take, FOLDER)), take.rate)


def _judged(take: Take, account: Account, telling: float) -> Judged:
    pair = " ".join(f"{role}={take.cast[role].key}" for role in take.situation.roles)
    size = "x".join(map(str, take.size))
    lenience = Lenience(VISIT_GAP.total_seconds(), telling)
    return Judged(take.situation.name, pair, size, take.rate, score(take.truth, account, lenience))


@cache
def _answers() -> Answers:
    return Answers(FOLDER / "answers.sqlite")


@cache
def _traits() -> EngineTraits:
    return asyncio.run(local_traits())
