"""How often somebody attended, as a percentage whose rule is stated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Protocol

from portero_server.domain.attendance.record import AttendanceStatus

DECIDED = frozenset(
    {AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY, AttendanceStatus.ABSENT}
)
"""The statuses of sessions that are decided, and were asked of the person."""
_TENTH = Decimal("0.1")


class CountedRecord(Protocol):
    """What a summary needs of a record."""

    @property
    def status(self) -> AttendanceStatus:
        """What counts."""
        ...

    @property
    def credit(self) -> float:
        """How much of the session counts, 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class AttendanceSummary:
    """Counts of records, and what percentage was attended.

    The rule: the percentage is the credit of all sessions that are decided, by their number. Decided are PRESENT, LATE,
    LEFT_EARLY and ABSENT; a session with half a day of presence has a credit of one half. EXCUSED sessions are asked of
    nobody, and do not count. UNPROVEN ones are not decided: they are left out of the percentage, and `lowest` and
    `highest` say what it would be if the person had been absent from all of them, or had attended all.

    Attributes:
        counts: Number of records by status; every status is there.
        credit: Of all decided sessions together.
    """

    counts: Mapping[AttendanceStatus, int]
    credit: Decimal

    @property
    def decided(self) -> int:
        """How many sessions are decided and were asked of the person."""
        return sum(self.counts.values()) - self.counts[AttendanceStatus.EXCUSED] - self.unproven

    @property
    def unproven(self) -> int:
        """How many sessions are not decided."""
        return self.counts[AttendanceStatus.UNPROVEN]

    @property
    def percentage(self) -> Decimal | None:
        """What was attended of the decided sessions, 0..100, to a tenth and half up; None: none is decided."""
        return _percentage(self.credit, self.decided)

    @property
    def lowest(self) -> Decimal | None:
        """The percentage if all unproven sessions were absences; None: there is no session."""
        return _percentage(self.credit, self.decided + self.unproven)

    @property
    def highest(self) -> Decimal | None:
        """The percentage if all unproven sessions were attended; None: there is no session."""
        return _percentage(self.credit + self.unproven, self.decided + self.unproven)


def summary_of(records: Iterable[CountedRecord]) -> AttendanceSummary:
    """Returns the summary of records, of one person or of several."""
    counts = Counter(dict.fromkeys(AttendanceStatus, 0))
    credit = Decimal(0)
    for record in records:
        counts[record.status] += 1
        credit += Decimal(str(record.credit))
    return AttendanceSummary(counts, credit)


def _percentage(credit: Decimal, sessions: int) -> Decimal | None:
    return (100 * credit / sessions).quantize(_TENTH, ROUND_HALF_UP) if sessions else None
