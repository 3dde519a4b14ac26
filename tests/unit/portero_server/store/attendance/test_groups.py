"""Groups on both databases: their rules, their rosters and their schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.schedule import SessionChange
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from tests.support.attendance.classroom import GROUP, HOUR, LESSON, MONDAY, SESSION, Classroom

RULES = AttendanceRules(late_after=timedelta(minutes=3), measure=PresenceMeasure.CHECK_IN, sure_similarity=0.5)


async def test_a_group_is_read_as_it_was_stored(classroom: Classroom) -> None:
    """Rules, holidays and free days come back; a group is replaced as a whole."""
    whole = replace(
        GROUP,
        rules=RULES,
        country="CL",
        free_days={MONDAY: "Aniversario"},
        worked_days=frozenset({date(2026, 9, 18)}),
    )
    await classroom.groups.put_group(GROUP)
    await classroom.groups.put_group(whole)
    assert await classroom.groups.group("1b") == whole
    assert await classroom.groups.groups(10) == [whole]
    assert await classroom.groups.groups(10, "1b") == []
    with pytest.raises(NotFound, match="attendanceGroups/2a"):
        await classroom.groups.group("2a")


async def test_a_repeated_request_changes_nothing(classroom: Classroom) -> None:
    """The same request id returns the group; with other contents it is refused."""
    await classroom.groups.put_group(GROUP, "r1", "d1")
    again = await classroom.groups.put_group(replace(GROUP, display_name="Other"), "r1", "d1")
    assert again == GROUP
    with pytest.raises(InvalidInput):
        await classroom.groups.put_group(GROUP, "r1", "d2")


async def test_a_roster_is_added_to_or_replaced(classroom: Classroom) -> None:
    """An import counts what it changes; a dry run stores nothing; one that names nobody known is refused whole."""
    await classroom.furnish()
    await classroom.enroll("eva")
    eva, leaves = Membership("eva", MONDAY), Membership("ana", MONDAY, MONDAY)
    put = classroom.groups.put_roster
    assert await put("1b", [eva, leaves], replace=False, dry_run=True) == (2, 0)
    assert await put("1b", [eva, leaves], replace=False) == (2, 0)
    assert await classroom.groups.roster("1b") == [leaves, Membership("ben", MONDAY), eva]
    assert await put("1b", [eva], replace=True) == (0, 2)
    assert await classroom.groups.roster("1b") == [eva]
    with pytest.raises(NotFound, match="people/nobody"):
        await put("1b", [leaves, Membership("nobody", MONDAY)], replace=True)
    assert await classroom.groups.roster("1b") == [eva]


async def test_a_changed_roster_decides_its_sessions_anew(classroom: Classroom) -> None:
    """Somebody who joined later is not expected before; the record that was there goes, with the cause."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    later = Membership("ben", MONDAY + timedelta(days=1))
    await classroom.groups.put_roster("1b", [Membership("ana", MONDAY), later], replace=True)
    assert await classroom.sessions.stale(10) == [SESSION]
    (change,) = (await classroom.sessions.decide(SESSION)).changes
    assert (change.person_id, change.after, change.cause) == ("ben", None, ChangeCause.ROSTER)


async def test_changed_rules_decide_all_sessions_anew(classroom: Classroom) -> None:
    """Two minutes late is late only by the stricter rule."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.watch()
    await classroom.sees("ana", 240, HOUR)
    await classroom.sessions.decide(SESSION)
    assert (await classroom.statuses())["ana"] is AttendanceStatus.PRESENT
    await classroom.groups.put_group(replace(GROUP, rules=AttendanceRules(late_after=timedelta(minutes=2))))
    await classroom.sessions.decide((await classroom.sessions.stale(10))[0])
    assert (await classroom.statuses())["ana"] is AttendanceStatus.LATE


async def test_schedules_belong_to_one_group(classroom: Classroom) -> None:
    """They come back as stored, and no other group takes one over."""
    await classroom.furnish()
    assert await classroom.groups.schedules("1b") == [LESSON]
    await classroom.groups.put_group(replace(GROUP, group_id="2a"))
    with pytest.raises(FailedPrecondition) as refused:
        await classroom.groups.put_schedule(replace(LESSON, group_id="2a"))
    assert refused.value.reason == "SCHEDULE_OF_ANOTHER_GROUP"
    with pytest.raises(NotFound):
        await classroom.groups.put_schedule(replace(LESSON, group_id="9z"))


async def test_a_schedule_is_judged_without_being_stored(classroom: Classroom) -> None:
    """A dry run returns what would be stored; exceptions of other days stay where that is asked for."""
    await classroom.furnish()
    canceled = SessionChange(MONDAY, canceled=True)
    await classroom.groups.put_schedule(replace(LESSON, changes=(canceled,)))
    held = SessionChange(MONDAY + timedelta(days=7))
    wanted = replace(LESSON, changes=(held,))
    put = classroom.groups.put_schedule
    assert await put(wanted, dry_run=True) == wanted
    assert await put(wanted, keep_exceptions=True, dry_run=True) == replace(LESSON, changes=(canceled, held))
    assert await classroom.groups.schedules("1b") == [replace(LESSON, changes=(canceled,))]
    assert await put(wanted, keep_exceptions=True) == replace(LESSON, changes=(canceled, held))
    assert await classroom.groups.schedules("1b") == [replace(LESSON, changes=(canceled, held))]
    assert await put(replace(LESSON, schedule_id="art"), dry_run=True) == replace(LESSON, schedule_id="art")
    assert len(await classroom.groups.schedules("1b")) == 1


async def test_a_schedule_that_is_stored_already_is_not_planned_anew(classroom: Classroom) -> None:
    """So that a timetable can be imported every night."""
    await classroom.furnish()
    await classroom.groups.put_schedule(LESSON)
    assert await classroom.sessions.unplanned(10) == []


async def test_a_group_with_records_is_not_deleted(classroom: Classroom) -> None:
    """Without any it goes with everything that is its own."""
    await classroom.furnish()
    await classroom.groups.put_group(replace(GROUP, group_id="2a"))
    await classroom.groups.delete_group("2a")
    await classroom.sessions.decide(SESSION)
    with pytest.raises(FailedPrecondition) as refused:
        await classroom.groups.delete_group("1b")
    assert refused.value.reason == "GROUP_HAS_RECORDS"
    with pytest.raises(NotFound):
        await classroom.groups.roster("2a")
