"""Records as they are listed and added up, on both databases."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.store.attendance.records import PublishedRecord, RecordCursor, RecordFilter
from portero_server.store.database import Database
from portero_server.store.schema import attendance_changes
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.store.commits import at

DAY = 24 * HOUR
SECOND = "math/2026-03-09"


async def _two_sessions(classroom: Classroom) -> None:
    await classroom.furnish()
    await classroom.watch(last=8 * DAY)
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(8 * DAY)
    for session_id in (SESSION, SECOND):
        await classroom.sessions.decide(session_id)


async def test_records_are_listed_by_person_and_session_in_pages(classroom: Classroom) -> None:
    """Each condition narrows the list, and a page begins where the one before ended."""
    await _two_sessions(classroom)
    everything = await classroom.records.list(RecordFilter(group_id="1b"), 10)
    assert len(everything) == 4
    paged: list[PublishedRecord] = []
    after = None
    while page := await classroom.records.list(RecordFilter(), 1, after):
        paged += page
        after = RecordCursor(page[0].starts_at, page[0].record.session_id, page[0].record_id)
    assert paged == everything
    ana = await classroom.records.list(RecordFilter(person_id="ana"), 10)
    assert [each.record.status for each in ana] == [AttendanceStatus.PRESENT, AttendanceStatus.ABSENT]
    assert await classroom.records.list(RecordFilter(person_id="ana", start=at(0), end=at(HOUR)), 10) == ana[:1]


async def test_totals_add_up_each_person(classroom: Classroom) -> None:
    """Counts, credit, and the time present and late; the percentage has the rule of a summary."""
    await _two_sessions(classroom)
    ana, ben = await classroom.records.totals(RecordFilter(group_id="1b"))
    assert (ana.person_id, ana.summary.percentage, ana.present.total_seconds()) == ("ana", Decimal("50.0"), HOUR)
    assert (ben.summary.counts[AttendanceStatus.ABSENT], ben.summary.percentage) == (2, Decimal("0.0"))
    assert (ana.display_name, ben.display_name) == ("Ana", "Ben")
    assert await classroom.records.totals(RecordFilter(group_id="2a")) == []


async def test_changes_are_listed_in_pages(classroom: Classroom) -> None:
    """By session or person, oldest first."""
    await _two_sessions(classroom)
    changes = await classroom.records.changes(None, "ana", 10)
    assert {each.session_id for each in changes} == {SESSION, SECOND}
    (last,) = await classroom.records.changes(None, "ana", 10, (changes[0].changed_at, changes[0].change_id))
    assert last == changes[1]


async def test_changes_are_told_in_the_order_in_which_they_were_published(classroom: Classroom) -> None:
    """Each once, with its group; deciding again publishes nothing, and a later change comes last."""
    await _two_sessions(classroom)
    told = await classroom.records.changes_after(0, None, 10)
    assert [each.position for each in told] == [1, 2, 3, 4]
    assert [(each.session_id, each.person_id) for each in told] == [
        (session_id, person_id) for session_id in (SESSION, SECOND) for person_id in ("ana", "ben")
    ]
    assert {each.group_id for each in told} == {"1b"}
    await classroom.sessions.decide(SESSION)
    assert await classroom.records.last_position() == 4
    await classroom.remarks.correct(classroom.correction("ben", AttendanceStatus.PRESENT))
    (correction,) = await classroom.records.changes_after(4, None, 10)
    assert (correction.position, correction.cause, correction.person_id) == (5, ChangeCause.CORRECTION, "ben")
    assert await classroom.records.changes_after(2, None, 1) == [told[2]]


async def test_what_a_server_of_the_version_before_published_is_listed_and_not_told(
    classroom: Classroom, database: Database
) -> None:
    """It stores no position, and stands in no watcher's way."""
    await _two_sessions(classroom)

    async def unit(connection: AsyncConnection) -> None:
        first = attendance_changes.c.position == 1
        await connection.execute(update(attendance_changes).where(first).values(position=None))

    await database.run(unit)
    assert [each.position for each in await classroom.records.changes_after(0, None, 10)] == [2, 3, 4]
    assert sorted(each.position for each in await classroom.records.changes(SESSION, None, 10)) == [0, 2]
