"""The chaos rig's command line: `python -m tests.chaos --help`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path

from tests.chaos.faults import Fault
from tests.chaos.plan import Plan
from tests.chaos.runs import DEFECT_PLANS, FAULT_POINTS, Report, run_plan
from tests.support.defects.faultpoints import REFUSAL

# In memory where there is such a folder: killed processes lose nothing there, and the disk is not what is tested.
_MEMORY = Path("/dev/shm")
_HAS_MEMORY = _MEMORY.is_dir()


def main() -> int:
    """Runs what is asked for; exits with 1 when a violation was found, or a defect was not."""
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--frames", type=int, default=20_000, help="acknowledged frames before the end")
    parser.add_argument("--kills", type=int, default=10, help="kills of each process before the end")
    parser.add_argument("--database", choices=["mariadb", "sqlite"], default="mariadb")
    parser.add_argument("--pause", type=float, default=0.35, help="mean seconds between faults")
    parser.add_argument("--rate", type=float, default=0.0, help="frames a second of each camera; 0: as fast as taken")
    parser.add_argument("--patience", type=float, default=3600.0, help="seconds after which the run ends anyway")
    parser.add_argument(
        "--only", nargs="*", choices=[fault.name.lower() for fault in Fault], help="faults that may come; default: all"
    )
    parser.add_argument("--no-points", action="store_true", help="without fault points within the processes")
    parser.add_argument("--no-refusals", action="store_true", help="without commits that the database refuses")
    parser.add_argument("--right-clocks", action="store_true", help="without camera clocks that go wrong")
    parser.add_argument(
        "--defects", nargs="*", metavar="NAME", help="put these defects in (none named: all), one a run"
    )
    parser.add_argument("--folder", type=Path, help="keep ledger, logs and spools here")
    arguments = parser.parse_args()
    if arguments.defects is not None:
        return asyncio.run(_defects(arguments.defects or sorted(DEFECT_PLANS)))
    plan = Plan(
        seed=arguments.seed,
        cameras=arguments.cameras,
        frames=arguments.frames,
        kills=arguments.kills,
        database=arguments.database,
        rate=arguments.rate,
        pause=arguments.pause,
        points={
            name: chance
            for name, chance in FAULT_POINTS.items()
            if not (arguments.no_refusals if name.startswith(REFUSAL) else arguments.no_points)
        },
        clocks=not arguments.right_clocks,
        only=None if arguments.only is None else frozenset(Fault[name.upper()] for name in arguments.only),
        patience=arguments.patience,
    )
    if arguments.folder is not None:
        arguments.folder.mkdir(parents=True)
    report = asyncio.run(_run(plan, arguments.folder))
    json.dump(report.figures(), sys.stdout, indent=2)
    sys.stdout.write("\n")
    for line in report.complaints(20):
        sys.stdout.write(line + "\n")
    return 0 if report.sound else 1


async def _run(plan: Plan, folder: Path | None) -> Report:
    if folder is not None:
        return await run_plan(plan, folder)
    with tempfile.TemporaryDirectory(prefix="portero-chaos-", dir=_MEMORY if _HAS_MEMORY else None) as name:
        return await run_plan(plan, Path(name))


async def _defects(names: list[str]) -> int:
    missed = 0
    for name in names:
        report = await _run(DEFECT_PLANS[name], None)
        missed += report.sound
        found = "NOT FOUND" if report.sound else f"found: {report.findings()}"
        sys.stdout.write(f"{name}: {found} ({report.outcome.seconds:.0f} s)\n")
        sys.stdout.flush()
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
