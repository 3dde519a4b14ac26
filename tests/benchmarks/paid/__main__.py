"""A paid engine under pressure: its quota, a storm, an empty purse; server, simulator and cameras are processes.

    python -m tests.benchmarks.paid quota storm budget

Each prints what it claims and whether it holds, and leaves figures and a picture in build/bench. The exit code is 1
when a claim does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from tests.benchmarks.paid import budget, quota, storm
from tests.benchmarks.visit_footage import public_subjects

_RUNS = {"quota": quota.run, "storm": storm.run, "budget": budget.run}


async def main() -> int:
    """Plays what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", choices=[*_RUNS, []], help="which; default: all of them")
    asked = parser.parse_args().runs or list(_RUNS)
    held = True
    with tempfile.TemporaryDirectory() as folder:
        subjects = public_subjects(Path(folder))
        for name in asked:
            report = await _RUNS[name](subjects)
            report.tell()
            held = held and report.held
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
