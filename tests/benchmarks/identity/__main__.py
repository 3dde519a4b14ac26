"""Scenes with known truth: is ever anybody taken for somebody else, and how soon is everybody named?

    python -m tests.benchmarks.identity                             in process, in virtual time: hundreds of scenes
    python -m tests.benchmarks.identity --server                    through a real server, in real time
    python -m tests.benchmarks.identity --only cross --pairs 2      a few

Each situation is played by several pairs of people, in pictures of two sizes and at two rates in turn. The table is
printed, and the document written to build/identity.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from portero_server.engines.base import EngineTraits
from tests.benchmarks.identity.account import Account
from tests.benchmarks.identity.eyes import Answers, local_traits
from tests.benchmarks.identity.film import Take, frames
from tests.benchmarks.identity.in_process import account_of
from tests.benchmarks.identity.people import Company, folder_company, public_company
from tests.benchmarks.identity.results import Judged, document, table
from tests.benchmarks.identity.scoring import Lenience, score
from tests.benchmarks.identity.situations import SITUATIONS
from tests.benchmarks.identity.staging import SIZES
from tests.benchmarks.identity.through_server import Showing, door
from tests.benchmarks.machine import machine
from tests.support.repository import ROOT

FOLDER = ROOT / "build" / "identity"
VISIT_GAP = timedelta(seconds=2)
"""Of the camera, so that a return after three seconds is another visit."""
_RATES = (5.0, 10.0)
_TELLING = 0.3
"""Seconds that a wrong name through a server is not held against it: what a look and a message take."""


def main() -> int:
    """Runs the benchmark; the exit code says whether anybody was taken for somebody else."""
    arguments = _arguments()
    if arguments.list:
        print(*(situation.name for situation in SITUATIONS), sep="\n")
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    company = public_company(FOLDER) if arguments.dataset is None else folder_company(arguments.dataset, FOLDER)
    takes = _takes(arguments, company)
    print(f"{len(takes)} scenes; {len(company.enrolled)} people, {len(company.strangers)} strangers", flush=True)
    if arguments.server:
        judged = asyncio.run(_through_server(takes, company, arguments))
    else:
        judged = _in_process(takes, Job(company, arguments.engine == "rekognition"), arguments.jobs)
    print(table(judged))
    told = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
    arguments.json.write_text(json.dumps(document(judged, machine=machine(), arguments=told), indent=2) + "\n")
    print(f"written to {arguments.json}")
    return int(any(not each.score.clean for each in judged))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="the names of the situations, and nothing else")
    parser.add_argument("--only", action="append", help="situations whose name holds this; may be given again")
    parser.add_argument("--pairs", type=int, default=8, help="how many ordered pairs of people play each situation")
    parser.add_argument("--rate", type=float, action="append", help="frames a second; may be given again")
    parser.add_argument("--size", type=_size, action="append", help="as 640x480; may be given again")
    parser.add_argument("--every", action="store_true", help="each pair at every size and rate, not at one in turn")
    parser.add_argument("--server", action="store_true", help="through a real server and SQLite, in real time")
    parser.add_argument("--server-python", default=sys.executable, help="interpreter of another checkout's server")
    parser.add_argument("--cameras", type=int, default=3, help="with --server: films shown at the same time")
    parser.add_argument("--engine", choices=("local", "rekognition"), default="local")
    parser.add_argument(
        "--dataset", type=Path, help="folder of people, a folder each; default: public-domain portraits"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that draw and watch")
    parser.add_argument("--json", type=Path, default=FOLDER / "result.json", help="where the document is written")
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def _takes(arguments: argparse.Namespace, company: Company) -> list[Take]:
    forms = list(itertools.product(arguments.size or SIZES, arguments.rate or _RATES))
    casts = company.casts(arguments.pairs, arguments.seed)
    takes = []
    for number, situation in enumerate(SITUATIONS):
        if arguments.only and not any(text in situation.name for text in arguments.only):
            continue
        for pair, cast in enumerate(casts):
            for size, rate in forms if arguments.every else [forms[(pair + number) % len(forms)]]:
                seed = zlib.crc32(f"{arguments.seed} {situation.name} {pair}".encode())
                takes.append(Take(situation, cast, size, rate, seed))
    return takes


@dataclass(frozen=True, slots=True)
class Job:
    """What all films of a run have to do with: whom to enroll, and whether the engine is a paid one."""

    company: Company
    paid: bool


def _in_process(takes: Sequence[Take], job: Job, processes: int) -> list[Judged]:
    """Judges films one after the other in each of several processes."""
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        return list(pool.map(_watched, takes, itertools.repeat(job)))


async def _through_server(takes: Sequence[Take], company: Company, arguments: argparse.Namespace) -> list[Judged]:
    """Draws some films at a time, and shows them when they are drawn, so that drawing does not disturb."""
    found = []
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        async with door(company, arguments.engine, VISIT_GAP, arguments.server_python) as running:
            for batch in (
                takes[start : start + arguments.cameras] for start in range(0, len(takes), arguments.cameras)
            ):
                drawing = [asyncio.wrap_future(pool.submit(_drawn, take)) for take in batch]
                showings = await asyncio.gather(*drawing)
                accounts = await running.watch(showings)
                found += [_judged(take, account, _TELLING) for take, account in zip(batch, accounts, strict=True)]
    return found


def _watched(take: Take, job: Job) -> Judged:
    pictures = frames(take, FOLDER)
    account = account_of(pictures, take.size, take.rate, job.company, _answers(), _traits(), VISIT_GAP, paid=job.paid)
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


if __name__ == "__main__":
    raise SystemExit(main())
