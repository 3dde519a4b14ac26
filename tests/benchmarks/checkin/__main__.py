"""Plays queues of guests at a kiosk and prints a table: python -m tests.benchmarks.checkin --guests 20."""

from __future__ import annotations

import argparse
import sys
from statistics import quantiles

from portero_server.domain.documents.judgment import CheckInResult
from tests.benchmarks.checkin.queue import Served, serve
from tests.support.cards.specimen import Series, specimen
from tests.support.time.virtual_time import run_in_virtual_time

_P50, _P95, _CALLS = 3.0, 6.0, 2
"""What is promised: seconds after the second side, and paid calls."""
_SERIES = (Series.CARD_2024, Series.CARD_2013, Series.FOREIGN_2024, Series.FOREIGN_2013)


def main() -> int:
    """Returns the exit code: 0 if what is promised holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--guests", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.15, help="of each paid call, seconds")
    parser.add_argument("--swap", action="store_true", help="everybody holds the card of the one behind them")
    given = parser.parse_args()
    guests = [specimen(900 + number, _SERIES[number % len(_SERIES)]) for number in range(given.guests)]
    faces = None
    if given.swap:
        # Numbers of the same parity are one person's portraits.
        faces = [(guest.portrait + 1) % 4 for guest in guests]
    served = run_in_virtual_time(serve(guests, latency=given.latency, faces=faces, told=_tell))
    return _conclude(served, given.guests, swapped=given.swap)


def _tell(each: Served) -> None:
    result = "none" if each.report is None else each.report.result.value
    reasons = "" if each.report is None else ", ".join(reason.value for reason in each.report.reasons)
    similarity = "-" if each.similarity is None else f"{each.similarity:.2f}"
    print(
        f"guest {each.guest:2}: {each.seconds:5.2f} s after the second side, {each.paid_calls} paid calls, {result} "
        f"{reasons}, similarity {similarity}, card {'right' if each.right else 'WRONG'}",
        flush=True,
    )


def _conclude(served: list[Served], guests: int, *, swapped: bool) -> int:
    if len(served) < 2:
        print(f"{len(served)} of {guests} guests were served")
        return 1
    cuts = quantiles([each.seconds for each in served], n=20, method="inclusive")
    p50, p95 = cuts[9], cuts[18]
    accepted = sum(each.report is not None and each.report.result is CheckInResult.ACCEPTED for each in served)
    mixed = sum(not each.right for each in served) + (accepted if swapped else 0)
    calls = max(each.paid_calls for each in served)
    print(f"served {len(served)} of {guests}, accepted {accepted}, mixed up {mixed}")
    print(f"seconds after the second side: p50 {p50:.2f}, p95 {p95:.2f}; paid calls: {calls} at most")
    holds = len(served) == guests and p50 <= _P50 and p95 <= _P95 and calls <= _CALLS and not mixed
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
