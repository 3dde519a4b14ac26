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
import signal
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.identity.film import Take
from tests.benchmarks.identity.people import Company, folder_company, public_company
from tests.benchmarks.identity.results import Judged, document, table, targets
from tests.benchmarks.identity.runs import FOLDER, Job, in_process, through_server
from tests.benchmarks.identity.situations import SITUATIONS
from tests.benchmarks.identity.staging import SIZES
from tests.benchmarks.identity.through_server import Serving
from tests.benchmarks.machine import machine

_RATES = (5.0, 10.0)


def main() -> int:
    """Runs the benchmark; the exit code says whether a target was missed."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if arguments.list:
        print(*(situation.name for situation in SITUATIONS), sep="\n")
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    company = public_company(FOLDER) if arguments.dataset is None else folder_company(arguments.dataset, FOLDER)
    takes = _takes(arguments, company)
    print(f"{len(takes)} scenes; {len(company.enrolled)} people, {len(company.strangers)} strangers", flush=True)
    job = Job(company, arguments.engine)
    judged: list[Judged] = []
    try:
        if arguments.server:
            asyncio.run(_serve(takes, job, arguments, judged))
        else:
            for each in in_process(takes, job, arguments.jobs):
                _keep(each, judged, len(takes))
    except KeyboardInterrupt:
        print(f"interrupted after {len(judged)} scenes", flush=True)
    print(table(judged))
    missed = [target for target in targets(judged) if not target.met]
    for target in missed:
        print(f"missed: {target.figure}: {target.measured:g}, at most {target.most:g}")
    told = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
    arguments.json.write_text(json.dumps(document(judged, machine=machine(), arguments=told), indent=2) + "\n")
    print(f"written to {arguments.json}")
    return int(bool(missed))


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
    parser.add_argument(
        "--deadline",
        type=float,
        default=2.0,
        help="with --server: decision deadline, seconds; longer on a busy machine, for right names (but not times)",
    )
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


async def _serve(takes: Sequence[Take], job: Job, arguments: argparse.Namespace, found: list[Judged]) -> None:
    serving = Serving(arguments.cameras, arguments.server_python, arguments.deadline)
    async for judged in through_server(takes, job, arguments.jobs, serving):
        _keep(judged, found, len(takes))


def _keep(judged: Judged, found: list[Judged], wanted: int) -> None:
    """Adds a score; says on standard error how far it is, and what was wrong."""
    found.append(judged)
    if not judged.score.clean:
        said = f"wrong: {judged.situation}, {judged.size}, {judged.rate:g} fps, {judged.pair}"
        print(f"{len(found)} of {wanted}", said, file=sys.stderr, flush=True)
    elif len(found) % 25 == 0:
        print(f"{len(found)} of {wanted}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
