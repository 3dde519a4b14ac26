"""`python -m tests.simulation FIRST COUNT`: simulates seeds, on all processors, and prints those that fail."""

from __future__ import annotations

import multiprocessing
import sys
import time

from tests.simulation.world import Simulation, simulate


def main() -> int:
    """Runs the seeds; exits with 1 when one fails. One seed alone is told with its faults."""
    numbers = [int(argument) for argument in sys.argv[1:]] or [1, 100]
    first, count = numbers if len(numbers) == 2 else (numbers[0], 1)
    began = time.monotonic()
    failed = 0
    with multiprocessing.Pool() as pool:
        for done in pool.imap_unordered(simulate, range(first, first + count), chunksize=8):
            if done.complaints or count == 1:
                failed += bool(done.complaints)
                _tell(done)
    sys.stdout.write(f"{count} seeds from {first}: {failed} failed, {time.monotonic() - began:.0f} s\n")
    return 1 if failed else 0


def _tell(done: Simulation) -> None:
    sys.stdout.write(f"seed {done.seed}, {done.seconds:.1f} virtual seconds\n")
    for line in (*done.struck, *done.complaints[:10]):
        sys.stdout.write(f"    {line}\n")


if __name__ == "__main__":
    raise SystemExit(main())
