"""Simulates seeds with a defect put in, in a process of its own: `python -m tests.simulation.defects NAME SEEDS`."""

from __future__ import annotations

import sys

from tests.chaos.bridge_defects import DEFECTS as BRIDGE_DEFECTS
from tests.chaos.server_defects import DEFECTS as SERVER_DEFECTS
from tests.simulation.world import simulate


def main() -> int:
    """Prints the first seed that shows the defect and exits with 0, or with 1 when none does."""
    name, seeds = sys.argv[1], int(sys.argv[2])
    {**SERVER_DEFECTS, **BRIDGE_DEFECTS}[name]()
    for seed in range(1, seeds + 1):
        if complaints := simulate(seed).complaints:
            sys.stdout.write(f"seed {seed}: {complaints[0]}\n")
            return 0
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
