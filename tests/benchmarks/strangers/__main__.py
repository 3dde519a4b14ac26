"""Strangers over a week: how many ids they get, and whether any is of two people.

    python -m tests.benchmarks.strangers [--people 60] [--visits 300] [--runs 5] [--dataset FOLDER] [--same 0.5 ...]

Drawn strangers come and go for a week; each visit is committed, and then decided and stored as on a server. With
`--dataset`, a folder with a folder of portraits for each person, the portraits come as visits too, in many orders.
Exits with 1 if a visitor is two people, or if strangers got more ids than seven for six of them.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import numpy as np

from portero_server.domain.people.visitors import VisitorPolicy
from portero_server.store.database import Database
from portero_server.store.migrations import migrate
from tests.benchmarks.strangers.faces import DrawnFaces, Vector, drawn_distances, portraits, quantiles
from tests.benchmarks.strangers.week import Result, Visit, played

_WEEK = 7 * 86400.0
_ORDERS = 20


def main() -> int:
    """Runs what was asked for; the exit code says whether it is as it must be."""
    usual = VisitorPolicy()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--visits", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5, help="with other people each")
    parser.add_argument("--dataset", type=Path, help="folder with a folder of portraits for each person")
    parser.add_argument("--same", type=float, default=usual.same)
    parser.add_argument("--apart", type=float, default=usual.apart)
    parser.add_argument("--lead", type=float, default=usual.lead)
    given = parser.parse_args()
    policy = replace(usual, same=given.same, apart=given.apart, lead=given.lead)
    with tempfile.TemporaryDirectory(prefix="portero-strangers-") as folder:
        return asyncio.run(_run(given, policy, Path(folder)))


async def _run(given: argparse.Namespace, policy: VisitorPolicy, folder: Path) -> int:
    empty = folder / "empty.db"
    database = Database(f"sqlite+aiosqlite:///{empty}", pool_size=1, timeout=60)
    await migrate(database)
    await database.aclose()
    wrong = 0
    _print_distances(drawn_distances(DrawnFaces(given.people, np.random.default_rng(0)), given.people))
    print(f"\nsame {policy.same:g}, apart {policy.apart:g}, lead {policy.lead:g}")
    print(f"{'':24}{'visits':>8}{'people':>8}{'ids':>6}{'mixed':>7}{'split':>7}{'known':>7}{'new':>6}{'unsure':>8}")
    for run in range(given.runs):
        result = await _played(empty, folder, _week(given.people, given.visits, run), policy)
        _print_result(f"drawn, run {run + 1}", given.visits, given.people, result)
        wrong += result.mixed > 0 or len(result.people) > given.people * 7 / 6
    if given.dataset is not None:
        found = await portraits(given.dataset)
        _print_portraits(found)
        for order in range(_ORDERS):
            visits = list(_shown(found))
            random.Random(order).shuffle(visits)
            result = await _played(empty, folder, visits, policy)
            wrong += result.mixed > 0
            if order < 3 or result.mixed:
                _print_result(f"portraits, order {order + 1}", len(visits), len(found), result)
    print("as it must be" if not wrong else f"WRONG: {wrong} runs")
    return 1 if wrong else 0


async def _played(empty: Path, folder: Path, visits: Sequence[Visit], policy: VisitorPolicy) -> Result:
    # A new name each time: SQLite keeps files beside it.
    file = folder / f"{uuid4().hex}.db"
    shutil.copy(empty, file)
    database = Database(f"sqlite+aiosqlite:///{file}", pool_size=2, timeout=60)
    try:
        return await played(database, visits, policy)
    finally:
        await database.aclose()


def _week(people: int, visits: int, run: int) -> list[Visit]:
    """Returns visits at random times of a week; everybody comes at least once."""
    chance, drawn = random.Random(run), np.random.default_rng(run + 1)
    faces = DrawnFaces(people, drawn)
    comers = [*range(people), *(chance.randrange(people) for _ in range(visits - people))]
    chance.shuffle(comers)
    times = sorted(chance.uniform(0.0, _WEEK) for _ in comers)
    pauses = [times[0], *(after - before for before, after in pairwise(times))]
    return [
        Visit(str(person), pause + 30.0, faces.visit(person, chance.randint(1, 3)))
        for person, pause in zip(comers, pauses, strict=True)
    ]


def _shown(found: Mapping[str, Sequence[Vector]]) -> Iterator[Visit]:
    for person, vectors in found.items():
        for vector in vectors:
            yield Visit(person, 3600.0, [vector])


def _print_distances(spread: Mapping[str, Mapping[str, float]]) -> None:
    names = list(next(iter(spread.values())))
    print("distances of drawn encodings".ljust(30) + "".join(name.rjust(9) for name in names))
    for what, values in spread.items():
        print(what.ljust(30) + "".join(f"{values[name]:9.2f}" for name in names))


def _print_portraits(found: Mapping[str, Sequence[Vector]]) -> None:
    faces = [(person, vector) for person, vectors in found.items() for vector in vectors]
    pairs = [
        (one == other, float(np.linalg.norm(first - second)))
        for number, (one, first) in enumerate(faces)
        for other, second in faces[number + 1 :]
    ]
    _print_distances(
        {
            what: quantiles([distance for same, distance in pairs if same is wanted])
            for what, wanted in (("portraits of one person", True), ("portraits of two people", False))
        }
    )


def _print_result(what: str, visits: int, people: int, result: Result) -> None:
    told = result.outcomes
    print(
        f"{what:24}{visits:8}{people:8}{len(result.people):6}{result.mixed:7}{result.split:7}"
        f"{told['known']:7}{told['new']:6}{told['unsure']:8}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
