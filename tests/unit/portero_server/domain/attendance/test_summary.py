"""Percentages, and the rule that they follow."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus, StatusReason
from portero_server.domain.attendance.summary import summary_of

_CREDITS = {"P": 1.0, "L": 1.0, "H": 0.5, "A": 0.0, "E": 0.0, "U": 0.0}
_STATUSES = {
    "P": AttendanceStatus.PRESENT,
    "L": AttendanceStatus.LATE,
    "H": AttendanceStatus.LEFT_EARLY,
    "A": AttendanceStatus.ABSENT,
    "E": AttendanceStatus.EXCUSED,
    "U": AttendanceStatus.UNPROVEN,
}


def _records(letters: str) -> list[AttendanceRecord]:
    return [
        AttendanceRecord(f"s{place}", "ana", _STATUSES[each], StatusReason.SEEN, _STATUSES[each], credit=_CREDITS[each])
        for place, each in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "lowest", "percentage", "highest"),
    [
        ("", None, None, None),
        ("PPPA", "75.0", "75.0", "75.0"),
        ("PL", "100.0", "100.0", "100.0"),
        ("PPH", "83.3", "83.3", "83.3"),
        ("PPA", "66.7", "66.7", "66.7"),
        ("PAEE", "50.0", "50.0", "50.0"),
        ("PAUU", "25.0", "50.0", "75.0"),
        ("UU", "0.0", None, "100.0"),
        ("EE", None, None, None),
        ("P" + 15 * "A", "6.3", "6.3", "6.3"),
    ],
)
def test_percentages_follow_their_rule(
    letters: str, lowest: str | None, percentage: str | None, highest: str | None
) -> None:
    """Excused sessions do not count, unproven ones are left out and bound it, halves count half, ties go up."""
    summary = summary_of(_records(letters))
    found = [summary.lowest, summary.percentage, summary.highest]
    assert found == [None if each is None else Decimal(each) for each in (lowest, percentage, highest)]


def test_counts_name_every_status() -> None:
    """Those that nobody has are zero."""
    summary = summary_of(_records("PPU"))
    assert set(summary.counts) == set(AttendanceStatus)
    assert (summary.counts[AttendanceStatus.PRESENT], summary.unproven, summary.decided) == (2, 1, 2)
