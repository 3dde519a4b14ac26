"""A pupil who was enrolled twice has one place in class, and the lessons are decided anew."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceStatus, Excuse
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.store.attendance.notices import NoticeStore
from portero_server.store.database import Database
from portero_server.store.merging.people import PeopleMergeStore
from tests.support.attendance.classroom import HOUR, MONDAY, SESSION, Classroom
from tests.support.store.commits import at
from tests.support.store.enrolled_twice import GAP
from tests.support.time.virtual_time import ManualClock

DAY = timedelta(days=1)


@pytest.fixture
async def classroom(database: Database, clock: ManualClock) -> Classroom:
    """Ana is in class twice, and the camera has seen her under the other name."""
    made = Classroom(database, clock)
    await made.furnish("ana", "anna")
    await made.watch()
    await made.sees("anna", 0, HOUR)
    clock.advance(2 * HOUR)
    await made.sessions.decide(SESSION)
    return made


@pytest.fixture
def merges(database: Database, clock: ManualClock) -> PeopleMergeStore:
    """Merges of the database."""
    return PeopleMergeStore(database, clock, visit_gap=GAP)


async def test_who_was_absent_under_one_name_was_present(classroom: Classroom, merges: PeopleMergeStore) -> None:
    """Of two records the one that says more stays, and the lesson is decided anew because of the merge."""
    assert await classroom.statuses() == {"ana": AttendanceStatus.ABSENT, "anna": AttendanceStatus.PRESENT}
    merged = await merges.merge("ana", "anna")
    assert merged.counts.attendance_records == 1
    assert await classroom.statuses() == {"ana": AttendanceStatus.PRESENT}
    assert await classroom.sessions.stale(10) == [SESSION]
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.PRESENT}


async def test_a_lesson_counts_what_was_seen_under_the_other_name(
    classroom: Classroom, merges: PeopleMergeStore
) -> None:
    """Also where the other one did not belong to the class: the change is told, with its cause."""
    await classroom.groups.put_roster("1b", [Membership("ana", MONDAY)], replace=True)
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.ABSENT}
    await merges.merge("ana", "anna")
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.PRESENT}
    changes = await classroom.records.changes(SESSION, "ana", 10)
    assert (AttendanceStatus.PRESENT, ChangeCause.MERGE) in {(each.new_status, each.cause) for each in changes}


async def test_places_in_class_that_overlap_are_one(classroom: Classroom, merges: PeopleMergeStore) -> None:
    """She is on the roster from the first day to the last one, and once."""
    told = [Membership("ana", MONDAY, MONDAY + 9 * DAY), Membership("anna", MONDAY + 5 * DAY, MONDAY + 20 * DAY)]
    await classroom.groups.put_roster("1b", told, replace=True)
    await merges.merge("ana", "anna")
    assert list(await classroom.groups.roster("1b")) == [Membership("ana", MONDAY, MONDAY + 20 * DAY)]


async def test_what_people_said_goes_over(classroom: Classroom, merges: PeopleMergeStore) -> None:
    """A correction outranks what cameras say of the other record, and excuses are hers."""
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.LEFT_EARLY))
    await classroom.remarks.correct(classroom.correction("anna", AttendanceStatus.ABSENT, "k2"))
    await classroom.remarks.excuse(Excuse("anna", TimeSpan(at(0), at(HOUR)), "ill"), "teacher")
    await merges.merge("ana", "anna")
    assert await classroom.statuses() == {"ana": AttendanceStatus.LEFT_EARLY}
    assert {each.person_id for each in await classroom.remarks.corrections(SESSION)} == {"ana"}
    assert len(await classroom.remarks.excuses("ana", 10)) == 1


async def test_an_absence_that_the_other_record_contradicts_is_withdrawn(
    database: Database, classroom: Classroom, merges: PeopleMergeStore
) -> None:
    """In the transaction of the merge, and once: the same holds when the lesson is decided anew."""
    assert await _told(database) == [("ana", False)]
    await merges.merge("ana", "anna")
    assert await _told(database) == [("ana", False), ("ana", True)]
    await classroom.sessions.decide(SESSION)
    assert await _told(database) == [("ana", False), ("ana", True)]


async def test_the_absence_of_the_name_that_goes_is_withdrawn(
    database: Database, classroom: Classroom, merges: PeopleMergeStore
) -> None:
    """It was told of "ana", and is withdrawn of "anna", who is the same person."""
    await merges.merge("anna", "ana")
    assert await _told(database) == [("anna", False), ("anna", True)]


async def test_an_absence_of_both_names_stands(
    database: Database, classroom: Classroom, merges: PeopleMergeStore
) -> None:
    """What was told of either is withdrawn when she turns out to have been there."""
    await classroom.remarks.correct(classroom.correction("anna", AttendanceStatus.ABSENT))
    await merges.merge("ana", "anna")
    assert await _told(database) == [("ana", False), ("ana", False)]
    await classroom.remarks.withdraw("k1", "teacher")
    assert await _told(database) == [("ana", False), ("ana", False), ("ana", True), ("ana", True)]


async def test_a_percentage_that_is_higher_by_both_names_is_withdrawn(database: Database, clock: ManualClock) -> None:
    """It is counted by the server's rules."""
    rules = NoticeRules(low_sessions=1)
    classroom = Classroom(database, clock, notices=rules)
    await classroom.furnish("ana", "anna")
    await classroom.watch()
    await classroom.sees("anna", 0, HOUR)
    clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    assert await _told(database) == [("ana", False), ("ana", False)]
    await PeopleMergeStore(database, clock, visit_gap=GAP, notices=rules).merge("ana", "anna")
    assert await _told(database) == [("ana", False), ("ana", False), ("ana", True), ("ana", True)]


async def _told(database: Database) -> list[tuple[str | None, bool]]:
    """Returns of whom each notice is, and whether it is withdrawn."""
    notices = await NoticeStore(database).after(0, 100)
    return [(each.notice.person_id, each.notice.withdraws is not None) for each in notices]
