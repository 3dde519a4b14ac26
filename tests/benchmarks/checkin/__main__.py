"""Plays queues of guests at a kiosk and prints a table: python -m tests.benchmarks.checkin --guests 20.

With --publish two queues are played, the second with everybody's card swapped, and the page is written beside this
program.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.checkin.queue import Served, serve
from tests.benchmarks.checkin.report import Queue, line, page, targets_table
from tests.benchmarks.machine import machine
from tests.support.cards.specimen import Series, specimen
from tests.support.time.virtual_time import run_in_virtual_time

_SERIES = (Series.CARD_2024, Series.CARD_2013, Series.FOREIGN_2024, Series.FOREIGN_2013)
_PAGE = Path(__file__).parent / "CHECKIN.md"


def main() -> int:
    """Returns the exit code: 0 if what is promised holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guests", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.15, help="of each paid call, seconds")
    parser.add_argument("--swap", action="store_true", help="everybody holds the card of the one behind them")
    parser.add_argument("--publish", action="store_true", help="play both queues, and write the page")
    given = parser.parse_args()
    swaps = (False, True) if given.publish else (given.swap,)
    queues = [_played(given.guests, given.latency, swapped=swapped) for swapped in swaps]
    for queue in queues:
        print(f"{len(queue.served)} of {queue.guests} served, {queue.accepted} accepted: {queue.name}")
        print(targets_table(queue))
    if given.publish:
        _PAGE.write_text(page(queues, given.latency, machine()), encoding="utf-8")
    return 0 if all(target.met for queue in queues for target in queue.targets) else 1


def _played(count: int, latency: float, *, swapped: bool) -> Queue:
    guests = [specimen(900 + number, _SERIES[number % len(_SERIES)]) for number in range(count)]
    # Numbers of the same parity are one person's portraits.
    faces = [(guest.portrait + 1) % 4 for guest in guests] if swapped else None
    return Queue(count, swapped, run_in_virtual_time(serve(guests, latency=latency, faces=faces, told=_tell)))


def _tell(each: Served) -> None:
    print(line(each), file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
