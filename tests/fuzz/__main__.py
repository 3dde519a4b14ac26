"""Fuzzes with coverage, a process a target and two at a time: `make fuzz ARGS="--minutes 10"`.

Prints a line a target; an input that broke something is printed in Base64, and the exit code is 1. With --keep,
inputs that reached new branches, and those that broke something, go into `corpora/`.
"""

from __future__ import annotations

import argparse
import base64
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import TARGETS, Target
from tests.support.repository import ROOT

_RUNS = re.compile(r"stat::number_of_executed_units: (\d+)")
# An input that takes so long is a hang; machines that are busy with other things are given some time.
_HANG_SECONDS = 20
_MEMORY_MIB = 2048
_SMALL = 512


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of fuzzing one target."""

    target: Target
    runs: int
    broken: list[bytes]
    report: str


def main() -> int:
    """Fuzzes; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; default: all")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long each target is fuzzed; default 5")
    parser.add_argument("--runs", type=int, default=-1, help="end a target after so many executions")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1), help="targets at a time")
    parser.add_argument("--keep", action="store_true", help="add what was found to the corpora")
    given = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("atheris has no wheel for this machine; `make test` runs the part that needs none")
        return 2
    if unknown := [name for name in given.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}")
    targets = [TARGETS[name] for name in given.targets or TARGETS]
    with ThreadPoolExecutor(given.processes) as pool:
        outcomes = list(pool.map(lambda target: _fuzz(target, given.minutes, given.runs, keep=given.keep), targets))
    for outcome in outcomes:
        print(f"{outcome.target.name}: {outcome.runs} executions, {len(outcome.broken)} inputs that break something")
        for data in outcome.broken:
            print(f"  {base64.b64encode(data).decode()}\n{outcome.report}")
    return 1 if any(outcome.broken or not outcome.runs for outcome in outcomes) else 0


def _fuzz(target: Target, minutes: float, runs: int, *, keep: bool) -> Outcome:
    with tempfile.TemporaryDirectory(prefix=f"portero-fuzz-{target.name}-") as scratch:
        corpus, found = Path(scratch) / "corpus", Path(scratch) / "found"
        corpus.mkdir()
        found.mkdir()
        for number, seed in enumerate(target.seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
        arguments = [
            f"-max_total_time={round(60 * minutes)}",
            f"-runs={runs}",
            f"-max_len={target.longest}",
            f"-timeout={_HANG_SECONDS}",
            f"-rss_limit_mb={_MEMORY_MIB}",
            f"-artifact_prefix={found}/",
            "-print_final_stats=1",
            "-verbosity=1",
        ]
        report = _child(target, str(corpus), *arguments)
        broken = [path.read_bytes() for path in sorted(found.iterdir())]
        if keep:
            least = Path(scratch) / "least"
            least.mkdir()
            _child(target, "-merge=1", str(least), str(corpus))
            small = (path.read_bytes() for path in least.iterdir() if path.stat().st_size <= _SMALL)
            target.keep([*small, *broken])
    executed = _RUNS.search(report)
    tail = "\n".join(line for line in report.splitlines() if not line.startswith("#"))[-4000:]
    return Outcome(target, int(executed[1]) if executed else 0, broken, tail)


def _child(target: Target, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.child", target.name, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    raise SystemExit(main())
