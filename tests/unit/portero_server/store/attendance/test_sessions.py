"""Sessions on both databases: planned, decided, decided anew, and listed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.access.identities import Scope
from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.notices import NoticeRules
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.schedule import SessionChange, SessionState
from portero_server.errors import NotFound
from portero_server.store.attendance.publishing import held_session, publish
from portero_server.store.attendance.records import RecordFilter
from portero_server.store.attendance.sessions import SessionCursor, SessionFilter
from portero_server.store.database import Database
from tests.support.attendance.classroom import GROUP, HOUR, LESSON, MONDAY, SESSION, Classroom
from tests.support.store.commits import at
from tests.support.store.plans import Statement, heard

DAY = 24 * HOUR


async def test_a_schedule_is_planned_for_the_coming_week(classroom: Classroom) -> None:
    """Sessions of today and the week to come are written down; a repeated plan changes nothing."""
    await classroom.furnish()
    assert [each.session.session_id for each in await classroom.sessions.list(SessionFilter(), 10)] == [
        SESSION,
        "math/2026-03-09",
    ]
    assert await classroom.sessions.plan("math") == 0
    assert await classroom.sessions.unplanned(10) == []
    classroom.clock.advance(2 * DAY)
    assert await classroom.sessions.unplanned(10) == ["math"]


async def test_a_session_is_due_when_it_is_over(classroom: Classroom) -> None:
    """Only sessions that ended before the given time, and were never decided, are due."""
    await classroom.furnish()
    assert await classroom.sessions.due(at(HOUR), 10) == []
    assert await classroom.sessions.due(at(HOUR + 1), 10) == [SESSION]
    await classroom.sessions.decide(SESSION)
    assert await classroom.sessions.due(at(HOUR + 1), 10) == []


async def test_who_was_seen_is_present_and_who_was_not_is_absent_while_it_was_watched(classroom: Classroom) -> None:
    """The decision follows from stored sightings and coverage; deciding again changes nothing."""
    await classroom.furnish()
    await classroom.watch()
    sighting_id = await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    first = await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"ana": AttendanceStatus.PRESENT, "ben": AttendanceStatus.ABSENT}
    assert first.records[0].evidence == (sighting_id,)
    assert [each.cause for each in first.changes] == [ChangeCause.DECIDED] * 2
    assert (await classroom.sessions.decide(SESSION)).changes == ()


async def test_what_nobody_watched_is_unproven(classroom: Classroom) -> None:
    """Without coverage nobody is absent."""
    await classroom.furnish()
    await classroom.sessions.decide(SESSION)
    assert set((await classroom.statuses()).values()) == {AttendanceStatus.UNPROVEN}


async def test_a_late_sighting_makes_exactly_its_session_stale(classroom: Classroom) -> None:
    """A sighting that arrives after the decision changes the record, with the sighting as the cause."""
    await classroom.furnish()
    await classroom.watch(last=8 * DAY)
    classroom.clock.advance(8 * DAY)
    for session_id in (SESSION, "math/2026-03-09"):
        await classroom.sessions.decide(session_id)
    assert await classroom.sessions.follow_sightings(10) == 0
    classroom.clock.advance(1)
    sighting_id = await classroom.sees("ben", 0, HOUR)
    assert await classroom.sessions.follow_sightings(10) == 1
    assert await classroom.sessions.follow_sightings(10) == 0
    assert await classroom.sessions.stale(10) == [SESSION]
    (change,) = (await classroom.sessions.decide(SESSION)).changes
    assert (change.person_id, change.cause, change.reference) == ("ben", ChangeCause.SIGHTING, sighting_id)
    assert await classroom.sessions.stale(10) == []
    told = await classroom.records.changes(SESSION, "ben", 10)
    assert [(each.old_status, each.new_status) for each in told] == [
        (None, AttendanceStatus.ABSENT),
        (AttendanceStatus.ABSENT, AttendanceStatus.PRESENT),
    ]


async def test_sightings_mark_the_session_of_their_time_however_many_came(classroom: Classroom) -> None:
    """Of those that touch one session the first is the cause; those of other times touch others, or none."""
    await classroom.furnish()
    await classroom.watch(last=8 * DAY)
    classroom.clock.advance(8 * DAY)
    for session_id in (SESSION, "math/2026-03-09"):
        await classroom.sessions.decide(session_id)
    first = await classroom.sees("ben", 0, HOUR)
    await classroom.sees("ana", 600, HOUR)
    await classroom.sees("ana", 2 * DAY, 2 * DAY + HOUR)
    later = await classroom.sees("ana", 7 * DAY, 7 * DAY + HOUR)
    assert await classroom.sessions.follow_sightings(10) == 4
    assert set(await classroom.sessions.stale(10)) == {SESSION, "math/2026-03-09"}
    for session_id, cause in ((SESSION, first), ("math/2026-03-09", later)):
        changes = (await classroom.sessions.decide(session_id)).changes
        assert {each.reference for each in changes} == {cause}


async def test_following_sightings_asks_as_much_for_many_as_for_one(database: Database, classroom: Classroom) -> None:
    """A large school has more sightings at eight than a transaction has time for a query each."""
    await classroom.furnish()
    asked = []
    for count in (1, 20):
        for number in range(count):
            await classroom.sees(None, 100 * count + number, 100 * count + number + 1)
        async with heard(database) as ran:
            assert await classroom.sessions.follow_sightings(100) == count
        asked.append(len(ran))
    assert asked[0] == asked[1]


async def test_a_placement_that_ended_touches_no_session_after_it(classroom: Classroom) -> None:
    """What a camera saw when it no longer watched the room marks nothing."""
    await classroom.furnish()
    (placed,) = await classroom.rooms.placements()
    await classroom.rooms.end_placement(placed.placement_id, at(HOUR / 2))
    await classroom.sessions.decide(SESSION)
    await classroom.sees("ana", HOUR / 2, HOUR)
    assert await classroom.sessions.follow_sightings(10) == 1
    assert await classroom.sessions.stale(10) == []


async def test_what_becomes_known_while_a_session_is_decided_marks_it_again(
    database: Database, classroom: Classroom
) -> None:
    """Coverage that the decision did not see waits until that is stored, also where the session was marked before."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    await classroom.watch(-HOUR, HOUR / 2)
    assert await classroom.sessions.stale(10) == [SESSION]
    decided, waits, stored = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def decide(connection: AsyncConnection) -> None:
        row = await held_session(connection, SESSION)
        await publish(connection, row, classroom.clock.now(), consent_required=False, notices=NoticeRules())
        decided.set()
        await stored.wait()

    def told(statement: Statement) -> None:
        said, parameters = statement
        if "FOR UPDATE" in said and SESSION in str(parameters):
            waits.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(database.run(decide))
        await decided.wait()
        async with heard(database, told):
            watched = tasks.create_task(classroom.watch(HOUR / 2, 2 * HOUR))
            watched.add_done_callback(lambda _: waits.set())
            # A database file has one writer at a time, so that it does not get as far.
            if database.dialect == "mysql":
                await waits.wait()
        stored.set()
    assert await classroom.sessions.stale(10) == [SESSION]


async def test_late_coverage_makes_its_session_stale(classroom: Classroom) -> None:
    """A bridge that was offline turns what was unproven into what is proven."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    await classroom.watch()
    assert await classroom.sessions.stale(10) == [SESSION]
    (first, _) = (await classroom.sessions.decide(SESSION)).changes
    assert (first.cause, first.after and first.after.status) == (ChangeCause.COVERAGE, AttendanceStatus.ABSENT)


async def test_a_canceled_session_loses_its_records(classroom: Classroom) -> None:
    """An exception written down afterwards removes the records and says why."""
    await classroom.furnish()
    await classroom.watch()
    await classroom.sessions.decide(SESSION)
    await classroom.groups.put_schedule(replace(LESSON, changes=(SessionChange(MONDAY, canceled=True, note="fire"),)))
    assert await classroom.sessions.unplanned(10) == ["math"]
    assert await classroom.sessions.plan("math") == 1
    changes = (await classroom.sessions.decide(SESSION)).changes
    assert [(each.cause, each.after) for each in changes] == [(ChangeCause.SCHEDULE, None)] * 2
    entry = await classroom.sessions.session(SESSION)
    assert (entry.session.state, entry.session.note, entry.stale) == (SessionState.CANCELED, "fire", False)
    assert await classroom.statuses() == {}


async def test_a_day_that_the_schedule_does_not_have_any_more_is_canceled(classroom: Classroom) -> None:
    """A schedule that ends earlier cancels what lies behind its end."""
    await classroom.furnish()
    await classroom.groups.put_schedule(replace(LESSON, last_day=MONDAY))
    await classroom.sessions.plan("math")
    states = [each.session.state for each in await classroom.sessions.list(SessionFilter(group_id="1b"), 10)]
    assert states == [SessionState.HELD, SessionState.CANCELED]


async def test_a_free_day_of_the_group_makes_a_holiday(classroom: Classroom) -> None:
    """Free days written down for the group plan its schedules anew."""
    await classroom.furnish()
    await classroom.groups.put_group(replace(GROUP, free_days={MONDAY: "Aniversario"}))
    await classroom.sessions.plan("math")
    session = (await classroom.sessions.session(SESSION)).session
    assert (session.state, session.note) == (SessionState.HOLIDAY, "Aniversario")


async def test_a_moved_session_keeps_its_id(classroom: Classroom) -> None:
    """Moved to another day and time, it is the same session."""
    await classroom.furnish()
    moved = SessionChange(MONDAY, moved_to=date(2026, 3, 3), begins=time(10), ends=time(11))
    await classroom.groups.put_schedule(replace(LESSON, changes=(moved,)))
    await classroom.sessions.plan("math")
    session = (await classroom.sessions.session(SESSION)).session
    assert (session.day, session.span.start) == (date(2026, 3, 3), at(DAY + 2 * HOUR))


async def test_records_move_with_their_session(classroom: Classroom) -> None:
    """Also those that are decided as before."""
    await classroom.furnish()
    classroom.clock.advance(4 * HOUR)
    await classroom.sessions.decide(SESSION)
    moved = SessionChange(MONDAY, begins=time(10), ends=time(11))
    await classroom.groups.put_schedule(replace(LESSON, changes=(moved,)))
    await classroom.sessions.plan("math")
    assert len(await classroom.records.list(RecordFilter(start=at(2 * HOUR), end=at(3 * HOUR)), 10)) == 2
    assert await classroom.records.list(RecordFilter(end=at(2 * HOUR)), 10) == []


async def test_of_sessions_that_became_stale_together_the_earlier_come_first(classroom: Classroom) -> None:
    """So that a count is told when everything before it is decided."""
    await classroom.furnish()
    late = replace(LESSON, schedule_id="art", begins=time(10), ends=time(11))
    await classroom.groups.put_schedule(late)
    await classroom.sessions.plan("art")
    classroom.clock.advance(8 * DAY)
    ordered = [SESSION, "art/2026-03-02", "math/2026-03-09", "art/2026-03-09"]
    for session_id in reversed(ordered):
        await classroom.sessions.decide(session_id)
    await classroom.groups.put_roster("1b", [Membership("ana", MONDAY)], replace=True)
    assert await classroom.sessions.stale(10) == ordered
    assert await classroom.sessions.stale(3) == ordered[:3]


async def test_closed_sessions_stay_as_they_are(classroom: Classroom) -> None:
    """What becomes known more than three weeks later is let go, since not all facts are kept so long."""
    await classroom.furnish()
    await classroom.sessions.decide(SESSION)
    classroom.clock.advance(22 * DAY)
    await classroom.watch()
    assert await classroom.sessions.stale(10) == []
    assert set((await classroom.statuses()).values()) == {AttendanceStatus.UNPROVEN}


async def test_sessions_are_listed_in_pages(classroom: Classroom) -> None:
    """A page begins where the one before ended; group and time narrow the list."""
    await classroom.furnish()
    (first,) = await classroom.sessions.list(SessionFilter(), 1)
    after = SessionCursor(first.session.span.start, first.session.session_id)
    (second,) = await classroom.sessions.list(SessionFilter(), 5, after)
    assert second.session.day == MONDAY + timedelta(days=7)
    assert await classroom.sessions.list(SessionFilter(start=at(0), end=at(HOUR)), 5) == [first]
    assert await classroom.sessions.list(SessionFilter(group_id="2a"), 5) == []


@pytest.mark.parametrize("others", [1, 100], ids=["few", "many"])
async def test_sessions_are_listed_within_a_scope(classroom: Classroom, others: int) -> None:
    """Groups and people of a scope find the same sessions in the same order, however many groups there are."""
    await classroom.furnish()
    every = await classroom.sessions.list(SessionFilter(), 10)
    elsewhere = frozenset(f"other-{number}" for number in range(others))
    for scope in (Scope(groups=elsewhere | {"1b"}), Scope(groups=elsewhere, people=frozenset({"ana"}))):
        assert await classroom.sessions.list(SessionFilter(within=scope), 10) == every
        assert await classroom.sessions.list(SessionFilter(group_id="1b", within=scope), 1) == every[:1]
        after = SessionCursor(every[0].session.span.start, every[0].session.session_id)
        assert await classroom.sessions.list(SessionFilter(within=scope), 10, after) == every[1:]
    for scope in (Scope(groups=elsewhere), Scope(people=frozenset({"eve"})), Scope()):
        assert await classroom.sessions.list(SessionFilter(within=scope), 10) == []
        assert await classroom.sessions.list(SessionFilter(group_id="1b", within=scope), 10) == []


async def test_a_session_that_is_not_there_is_named(classroom: Classroom) -> None:
    """Neither reading nor deciding makes a session up."""
    for asked in (classroom.sessions.session("math/1999-01-01"), classroom.sessions.decide("math/1999-01-01")):
        with pytest.raises(NotFound, match="attendanceSessions/math/1999-01-01"):
            await asked
    assert await classroom.sessions.plan("nothing") == 0
    assert await classroom.records.list(RecordFilter(), 5) == []
