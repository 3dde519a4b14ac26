"""The page of check-ins at a kiosk: targets, and how each guest fared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Any

from portero_server.domain.documents.judgment import CheckInResult
from tests.benchmarks.checkin.queue import Served
from tests.benchmarks.results import Target

_P50, _P95, _CALLS = 3.0, 6.0, 2
"""What is wanted: seconds after the second side, and paid calls."""

_EXPLAINED = """`python -m tests.benchmarks.checkin --publish` writes this page. A camera of 1280x720 at five frames a
second sees guests one after the other: each comes, shows the front of a card, turns it over, and leaves. A check-in
begins with each of them. Frames go through what a server does with those of a kiosk, and text and faces to the local
engine in the place of a paid one, whose calls take the latency given. The clock is virtual: it is charged for the
processor time of each look and each reading and for the latency of the calls, so the seconds are those of one processor
for the camera, whatever else the machine does.

*Seconds* run from the first frame that shows the second side to the result. *Mixed up* is a result with the RUN or the
number of another guest's card, and where everybody holds the card of the one behind them, anybody who is accepted."""


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that was served.

    Attributes:
        guests: How many came.
        swapped: Whether everybody held another one's card.
        served: Those with a result.
    """

    guests: int
    swapped: bool
    served: Sequence[Served]

    @property
    def name(self) -> str:
        """For titles."""
        return "everybody holds another one's card" if self.swapped else "everybody holds their own card"

    @property
    def seconds(self) -> tuple[float, float]:
        """Median and 95th percentile of the seconds after the second side; zeros if fewer than two were served."""
        if len(self.served) < 2:
            return 0.0, 0.0
        cuts = quantiles([each.seconds for each in self.served], n=20, method="inclusive")
        return cuts[9], cuts[18]

    @property
    def accepted(self) -> int:
        """How many were accepted."""
        return sum(each.report is not None and each.report.result is CheckInResult.ACCEPTED for each in self.served)

    @property
    def mixed_up(self) -> int:
        """How many got the result of a card or a face that is another guest's."""
        return sum(not each.right for each in self.served) + (self.accepted if self.swapped else 0)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is wanted, and what was found."""
        p50, p95 = self.seconds
        calls = max((each.paid_calls for each in self.served), default=0)
        return (
            Target("guests with a result", len(self.served), self.guests),
            Target("seconds after the second side, p50", p50, _P50, at_most=True),
            Target("seconds after the second side, p95", p95, _P95, at_most=True),
            Target("paid calls of a guest", calls, _CALLS, at_most=True),
            Target("mixed up", self.mixed_up, 0, at_most=True),
        )


def line(each: Served) -> str:
    """Returns how one guest fared, as a row of the page."""
    result = "none" if each.report is None else each.report.result.value
    reasons = "" if each.report is None else ", ".join(reason.value for reason in each.report.reasons)
    similarity = "-" if each.similarity is None else f"{each.similarity:.2f}"
    card = "right" if each.right else "**wrong**"
    return (
        f"| {each.guest + 1} | {each.seconds:.2f} | {each.paid_calls} | {result} | {reasons} | {similarity} | {card} |"
    )


def targets_table(queue: Queue) -> str:
    """Returns the targets of one queue."""
    rows = ["| target | wanted | found | |", "|---|---|---|---|"]
    for target in queue.targets:
        sign = "at most" if target.at_most else "at least"
        found = f"{target.value:.2f}".rstrip("0").rstrip(".")
        rows.append(f"| {target.text} | {sign} {target.wanted:g} | {found} | {'met' if target.met else '**missed**'} |")
    return "\n".join(rows)


def page(queues: Sequence[Queue], latency: float, machine: dict[str, Any]) -> str:
    """Returns the page of some queues; `machine` is what they were served on."""
    parts = [
        "# Check-ins at a kiosk",
        _EXPLAINED,
        f"Served by revision {machine['commit']} on {machine['processors']} processors ({machine['processor']}) with a "
        f"load of {machine['load'][0]}; each paid call takes {1000 * latency:.0f} ms.",
    ]
    for queue in queues:
        head = "| guest | seconds | paid calls | result | reasons | similarity | card |\n" + "|---" * 7 + "|"
        parts += [
            f"## {len(queue.served)} of {queue.guests} guests served, {queue.accepted} accepted: {queue.name}",
            targets_table(queue),
            "\n".join([head, *(line(each) for each in queue.served)]),
        ]
    return "\n\n".join(parts) + "\n"
