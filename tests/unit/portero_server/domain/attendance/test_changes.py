"""What changed between two sheets of a session."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.attendance.changes import ChangeCause, changes_between, united_changes
from portero_server.domain.attendance.record import AttendanceRecord, AttendanceStatus, StatusReason
from tests.support.attendance.minutes import at

_ABSENT = AttendanceRecord(
    "math/2026-03-09", "ana", AttendanceStatus.ABSENT, StatusReason.NOT_SEEN, AttendanceStatus.ABSENT
)
_PRESENT = replace(_ABSENT, status=AttendanceStatus.PRESENT, decided=AttendanceStatus.PRESENT, evidence=("s1",))


def test_a_change_has_cause_both_values_and_time() -> None:
    """A late sighting made somebody present who was absent."""
    (change,) = changes_between([_ABSENT], [_PRESENT], ChangeCause.SIGHTING, at(90), "s1")
    assert (change.session_id, change.person_id) == ("math/2026-03-09", "ana")
    assert (change.before, change.after) == (_ABSENT, _PRESENT)
    assert (change.cause, change.reference, change.changed_at) == (ChangeCause.SIGHTING, "s1", at(90))
    assert change.of_status


def test_sheets_that_are_alike_have_no_changes() -> None:
    """However often a session is decided anew, and in whatever order its records are."""
    ben = replace(_PRESENT, person_id="ben")
    assert changes_between([_ABSENT, ben], [ben, _ABSENT], ChangeCause.COVERAGE, at(90)) == ()


def test_more_evidence_is_a_change_but_not_of_the_status() -> None:
    """It is kept, and nobody is notified of it."""
    more = replace(_PRESENT, evidence=("s1", "s2"))
    (change,) = changes_between([_PRESENT], [more], ChangeCause.SIGHTING, at(90))
    assert not change.of_status


def test_records_come_and_go_with_the_roster() -> None:
    """In order of session and person."""
    ben = replace(_PRESENT, person_id="ben")
    changes = changes_between([ben], [_ABSENT], ChangeCause.ROSTER, at(90))
    assert [(each.person_id, each.before, each.after) for each in changes] == [
        ("ana", None, _ABSENT),
        ("ben", ben, None),
    ]
    assert all(each.of_status for each in changes)


def test_two_steps_are_one_from_before_the_first_to_after_the_second() -> None:
    """What the second step takes back did not happen; each record has the cause of its last step."""
    ben, eva = replace(_ABSENT, person_id="ben"), replace(_ABSENT, person_id="eva")
    more = replace(_PRESENT, evidence=("s1", "s2"))
    first = changes_between([_ABSENT], [_PRESENT, ben, eva], ChangeCause.SIGHTING, at(90), "s1")
    second = changes_between([_PRESENT, ben], [more], ChangeCause.CORRECTION, at(91), "k1")
    united = united_changes(first, second)
    assert [(each.person_id, each.before, each.after, each.cause) for each in united] == [
        ("ana", _ABSENT, more, ChangeCause.CORRECTION),
        ("eva", None, eva, ChangeCause.SIGHTING),
    ]
    assert united_changes((), second) == second
    assert united_changes(first, ()) == first
