"""Two pupils who turn out to be one."""

from __future__ import annotations

from datetime import date

import pytest

from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.merging import counts_more, united_memberships
from portero_server.domain.attendance.record import AttendanceStatus


def _place(person_id: str, since: int, until: int | None) -> Membership:
    return Membership(person_id, date(2026, 3, since), None if until is None else date(2026, 3, until))


@pytest.mark.parametrize(
    ("one", "other", "united"),
    [
        ([(1, 10)], [(5, 20)], [(1, 20)]),
        ([(1, 10)], [(11, 20)], [(1, 20)]),
        ([(1, 10)], [(12, 20)], [(1, 10), (12, 20)]),
        ([(1, None)], [(5, 20)], [(1, None)]),
        ([(5, 20)], [(1, None)], [(1, None)]),
        ([(1, 20)], [(5, 10)], [(1, 20)]),
        ([(1, 3), (9, 10)], [(2, 12)], [(1, 12)]),
    ],
)
def test_places_that_overlap_or_adjoin_are_one(
    one: list[tuple[int, int | None]], other: list[tuple[int, int | None]], united: list[tuple[int, int | None]]
) -> None:
    """Whoever left between them has two."""
    told = [_place("ana", *each) for each in one] + [_place("anna", *each) for each in other]
    assert list(united_memberships("ana", told)) == [_place("ana", *each) for each in united]


def test_the_record_that_shows_her_counts_more() -> None:
    """Present before absent; what a person said before anything else."""
    assert counts_more(AttendanceStatus.LATE, AttendanceStatus.ABSENT)
    assert not counts_more(AttendanceStatus.ABSENT, AttendanceStatus.UNPROVEN)
    assert not counts_more(AttendanceStatus.PRESENT, AttendanceStatus.PRESENT)
    assert counts_more(AttendanceStatus.ABSENT, AttendanceStatus.PRESENT, corrected=True)
    assert not counts_more(AttendanceStatus.PRESENT, AttendanceStatus.ABSENT, other_corrected=True)
