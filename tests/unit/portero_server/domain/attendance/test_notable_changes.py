"""Which changes something could be told after."""

from __future__ import annotations

from itertools import product

import pytest

from portero_server.domain.attendance.changes import ChangeCause, RecordChange
from portero_server.domain.attendance.notable_changes import may_be_told, may_be_told_of_session, may_only_withdraw
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus, StatusReason
from tests.support.attendance.minutes import at

_STATUSES = {
    "P": AttendanceStatus.PRESENT,
    "H": AttendanceStatus.LEFT_EARLY,
    "L": AttendanceStatus.LATE,
    "A": AttendanceStatus.ABSENT,
    "E": AttendanceStatus.EXCUSED,
    "U": AttendanceStatus.UNPROVEN,
}
_CREDIT = {"P": 1.0, "L": 1.0, "H": 0.5}


def _record(letter: str, person_id: str = "ana") -> AttendanceRecord | None:
    """Returns a record: H is half a day, and "-" is none."""
    if letter == "-":
        return None
    status = _STATUSES[letter]
    return AttendanceRecord("math", person_id, status, StatusReason.SEEN, status, credit=_CREDIT.get(letter, 0.0))


def _change(letters: str) -> RecordChange:
    before, after = letters[0], letters[1]
    return RecordChange("math", "ana", _record(before), _record(after), ChangeCause.SIGHTING, "", at(90))


@pytest.mark.parametrize("letters", ["".join(pair) for pair in product("-PHLAEU", repeat=2)])
def test_something_follows_for_a_person_where_what_counts_is_another(letters: str) -> None:
    """Nothing counts of who is unproven, excused or not expected; one more session attended can only withdraw."""
    before, after = (letter if letter in "PHLA" else "-" for letter in letters)
    change = _change(letters)
    assert may_only_withdraw(change) is ((before, after) == ("-", "P"))
    assert may_be_told(change) is (before != after and (before, after) != ("-", "P"))


@pytest.mark.parametrize(
    ("records", "letters", "told"),
    [
        ("PU", "-U", True),
        ("PP", "UP", True),
        ("UU", "PU", True),
        # As many are unproven, of fewer people, or of more.
        ("UP", "P-", True),
        ("UP", "-P", True),
        ("UP", "LP", False),
        ("PP", "-P", False),
        ("PA", "PA", False),
        ("", "U-", True),
    ],
)
def test_the_share_of_the_unproven_changes_with_them_and_with_the_roster(
    records: str, letters: str, told: bool
) -> None:
    """Where nobody is unproven, and nobody was, it stays zero."""
    now = [record for record in map(_record, records) if record is not None]
    assert may_be_told_of_session(now, [_change(letters)]) is told
