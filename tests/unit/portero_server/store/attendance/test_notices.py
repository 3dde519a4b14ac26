"""Notices on both databases: stored with what they follow from, once, in order, and gone with their person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.notices import NoticeKind, NoticeRules
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.domain.attendance.schedule import SessionChange
from portero_server.store.attendance.erasing import erase_attendance
from portero_server.store.attendance.notices import NoticeStore, StoredNotice
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from tests.support.attendance.classroom import HOUR, LESSON, MONDAY, SESSION, Classroom
from tests.support.store.commits import at
from tests.support.store.plans import heard, plans_of
from tests.support.time.virtual_time import ManualClock

DAY = 24 * HOUR
_FIRST = 2**52 + 1
_PAST = "starts_at BETWEEN"
"""Only what is read of people's pasts has this."""


def _told(notices: list[StoredNotice]) -> list[tuple[int, NoticeKind, str | None, bool]]:
    return [
        (each.position - _FIRST, each.notice.kind, each.notice.person_id, each.notice.withdraws is not None)
        for each in notices
    ]


async def _all(database: Database, limit: int = 100) -> list[StoredNotice]:
    return list(await NoticeStore(database).after(0, limit))


async def _lesson(classroom: Classroom) -> None:
    """Ana came, Ben did not."""
    await classroom.furnish()
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)


async def test_an_absence_is_stored_once_by_two_servers_at_a_time(database: Database, classroom: Classroom) -> None:
    """Each of them decides the session twice."""
    await _lesson(classroom)
    await asyncio.gather(*(classroom.sessions.decide(SESSION) for _ in range(4)))
    found = await _all(database)
    assert _told(found) == [(0, NoticeKind.ABSENT, "ben", False)]
    assert (found[0].group_name, found[0].notice.starts_at) == ("1° básico B", at(0))
    assert await NoticeStore(database).last_position() == _FIRST


async def test_a_correction_withdraws_in_its_own_transaction(database: Database, classroom: Classroom) -> None:
    """And one that makes an absence tells it."""
    await _lesson(classroom)
    await classroom.sessions.decide(SESSION)
    await classroom.remarks.correct(classroom.correction("ben", AttendanceStatus.PRESENT))
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.ABSENT, "k2"))
    await classroom.remarks.withdraw("k2", "teacher")
    assert _told(await _all(database)) == [
        (0, NoticeKind.ABSENT, "ben", False),
        (1, NoticeKind.ABSENT, "ben", True),
        (2, NoticeKind.ABSENT, "ana", False),
        (3, NoticeKind.ABSENT, "ana", True),
    ]


async def test_a_session_that_nobody_watched_is_told_without_people(database: Database, classroom: Classroom) -> None:
    """With how many of how many; late frames withdraw it."""
    await classroom.furnish()
    await classroom.sessions.decide(SESSION)
    (found,) = await _all(database)
    assert (found.notice.kind, found.notice.person_id) == (NoticeKind.SESSION_UNPROVEN, None)
    assert found.notice.figures == {"unproven": 2, "expected": 2}
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    await classroom.sees("ben", 1, HOUR)
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    assert _told(await _all(database))[1:] == [(1, NoticeKind.SESSION_UNPROVEN, None, True)]


async def test_where_a_time_is_in_the_notices(database: Database, classroom: Classroom) -> None:
    """Before the first that was decided then or later; after the last if there is none."""
    await _lesson(classroom)
    await classroom.sessions.decide(SESSION)
    store, decided = NoticeStore(database), (await _all(database))[0].notice.decided_at
    assert await store.position_before(decided) == _FIRST - 1
    assert await store.position_before(decided + timedelta(seconds=1)) == _FIRST
    assert await store.after(_FIRST, 10) == []


async def test_notices_of_an_erased_person_are_gone(database: Database, classroom: Classroom) -> None:
    """They are counted in the receipt."""
    await _lesson(classroom)
    await classroom.sessions.decide(SESSION)

    async def unit(connection: AsyncConnection) -> int:
        return (await erase_attendance(connection, "ben"))["attendance_notices"]

    assert await database.run(unit) == 1
    assert await _all(database) == []


async def test_a_correction_of_what_was_not_published_tells_what_holds_with_it(
    database: Database, classroom: Classroom
) -> None:
    """Ben's absence, which the correction denies, is neither told nor withdrawn; Eva's is told."""
    await classroom.furnish("ana", "ben", "eva")
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    await classroom.remarks.correct(classroom.correction("ben", AttendanceStatus.PRESENT))
    assert _told(await _all(database)) == [(0, NoticeKind.ABSENT, "eva", False)]
    assert await classroom.statuses() == {
        "ana": AttendanceStatus.PRESENT,
        "ben": AttendanceStatus.PRESENT,
        "eva": AttendanceStatus.ABSENT,
    }


async def test_a_correction_of_a_stale_session_tells_the_changes_of_both_once(
    database: Database, classroom: Classroom
) -> None:
    """Ana's absence became known before; Ben's, which the correction ends, is told when it is taken back."""
    await classroom.furnish()
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    assert _told(await _all(database)) == [(0, NoticeKind.SESSION_UNPROVEN, None, False)]
    await classroom.watch()
    await classroom.remarks.correct(classroom.correction("ben", AttendanceStatus.PRESENT))
    assert _told(await _all(database))[1:] == [
        (1, NoticeKind.ABSENT, "ana", False),
        (2, NoticeKind.SESSION_UNPROVEN, None, True),
    ]
    await classroom.sees("ana", 0, HOUR)
    await classroom.sessions.follow_sightings(10)
    await classroom.remarks.withdraw("k1", "teacher")
    assert _told(await _all(database))[3:] == [
        (3, NoticeKind.ABSENT, "ana", True),
        (4, NoticeKind.ABSENT, "ben", False),
    ]


async def test_a_timetable_or_roster_that_began_weeks_ago_tells_of_the_last_days_only(
    database: Database, classroom: Classroom
) -> None:
    """Lessons of before are decided, and nobody is told; an absence that was told is withdrawn weeks later too."""
    await classroom.furnish()
    await classroom.watch(last=16 * DAY)
    classroom.clock.advance(15 * DAY)
    await classroom.sessions.plan("math")
    for session_id in await classroom.sessions.due(classroom.clock.now(), 10):
        await classroom.sessions.decide(session_id)
    assert len(await classroom.statuses("math/2026-03-09")) == 2
    found = await _all(database)
    assert {each.notice.session_id for each in found} == {"math/2026-03-16"}
    assert _told(found) == [(0, NoticeKind.ABSENT, "ana", False), (1, NoticeKind.ABSENT, "ben", False)]
    await classroom.enroll("zoe")
    await classroom.groups.put_roster("1b", [Membership("zoe", MONDAY)], replace=False)
    for session_id in await classroom.sessions.stale(10):
        await classroom.sessions.decide(session_id)
    assert "zoe" in await classroom.statuses()
    assert _told(await _all(database))[2:] == [(2, NoticeKind.ABSENT, "zoe", False)]
    classroom.clock.advance(15 * DAY)
    await classroom.sees("ana", 14 * DAY, 14 * DAY + HOUR)
    await classroom.sessions.decide("math/2026-03-16")
    assert _told(await _all(database))[3:] == [(3, NoticeKind.ABSENT, "ana", True)]


async def test_a_count_is_told_once_in_its_days_whichever_session_reaches_it(
    database: Database, clock: ManualClock
) -> None:
    """A lateness of before which is found later reaches the count within days of which it was told."""
    classroom = Classroom(database, clock, NoticeRules(late_times=2, late_days=10, low_days=10, notice_days=100))
    await classroom.furnish()
    await classroom.watch(last=16 * DAY)
    classroom.clock.advance(15 * DAY)
    await classroom.sessions.plan("math")
    for week in (1, 2):
        await classroom.sees("ana", 7 * week * DAY + HOUR / 2, 7 * week * DAY + HOUR)
    for session_id in (SESSION, "math/2026-03-09", "math/2026-03-16"):
        await classroom.sessions.decide(session_id)
    await classroom.sees("ana", HOUR / 2, HOUR)
    await classroom.sessions.decide(SESSION)
    late = [each.notice for each in await _all(database) if each.notice.kind is NoticeKind.LATE_AGAIN]
    assert [(each.session_id, each.withdraws) for each in late] == [("math/2026-03-16", None)]


async def test_low_attendance_is_withdrawn_by_lessons_that_are_decided_after_it(
    database: Database, clock: ManualClock
) -> None:
    """Whoever attended half of them is not below the half any more."""
    classroom = Classroom(database, clock, NoticeRules(low_sessions=1, low_percentage=50))
    await classroom.furnish()
    await classroom.watch(last=16 * DAY)
    classroom.clock.advance(15 * DAY)
    await classroom.sessions.plan("math")
    for week in (0, 1):
        for number, person_id in enumerate(("ana", "ben")):
            first = 7 * week * DAY + number
            await classroom.sees(person_id, first, first + HOUR)
    for session_id in ("math/2026-03-16", "math/2026-03-09"):
        await classroom.sessions.decide(session_id)
    low = [each for each in _told(await _all(database)) if each[1] is NoticeKind.LOW_ATTENDANCE]
    assert [each[2:] for each in low] == [("ana", False), ("ben", False), ("ana", True), ("ben", True)]


async def test_a_smaller_roster_makes_a_larger_share_unproven(database: Database, classroom: Classroom) -> None:
    """And a larger one a smaller share, though nobody's status is another."""
    await classroom.furnish("ana", "ben", "eva")
    await classroom.watch()
    await classroom.enroll("zoe")
    for number, person_id in enumerate(("ana", "eva", "zoe")):
        await classroom.sees(person_id, number, HOUR)
    await ConsentStore(database, classroom.clock).block("ben", "asked")
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    assert await _all(database) == []
    for people, position, withdrawn in (("ana ben", 0, False), ("ana ben eva zoe", 1, True)):
        roster = [Membership(each, MONDAY) for each in people.split()]
        await classroom.groups.put_roster("1b", roster, replace=True)
        await classroom.sessions.decide(SESSION)
        assert _told(await _all(database))[-1] == (position, NoticeKind.SESSION_UNPROVEN, None, withdrawn)


async def test_a_lesson_that_is_moved_on_withdraws_what_was_told_until_it_is_over(
    database: Database, classroom: Classroom
) -> None:
    """It has no records until then, and is due like a new one; a lesson that is still to come is not unproven."""
    await _lesson(classroom)
    await classroom.sessions.decide(SESSION)
    moved = SessionChange(MONDAY, moved_to=MONDAY + timedelta(days=1))
    await classroom.groups.put_schedule(replace(LESSON, changes=(moved,)))
    await classroom.sessions.plan("math")
    assert await classroom.sessions.stale(10) == [SESSION]
    await classroom.sessions.decide(SESSION)
    assert (await classroom.statuses(), (await classroom.sessions.session(SESSION)).decided_at) == ({}, None)
    assert await classroom.sessions.stale(10) == []
    assert await classroom.sessions.due(classroom.clock.now(), 10) == []
    await classroom.watch(DAY - HOUR, DAY + 2 * HOUR)
    classroom.clock.advance(DAY)
    assert await classroom.sessions.due(classroom.clock.now(), 10) == [SESSION]
    await classroom.sessions.decide(SESSION)
    found = await _all(database)
    assert _told(found) == [
        (0, NoticeKind.ABSENT, "ben", False),
        (1, NoticeKind.ABSENT, "ben", True),
        (2, NoticeKind.ABSENT, "ana", False),
        (3, NoticeKind.ABSENT, "ben", False),
    ]
    assert {each.notice.starts_at for each in found[2:]} == {at(DAY)}


async def test_a_lesson_that_is_moved_by_months_withdraws_what_was_told_and_can_be_decided_again(
    database: Database, classroom: Classroom
) -> None:
    """Its notices are of a time that is far from the one at which it is held."""
    await _lesson(classroom)
    await classroom.sessions.decide(SESSION)
    moved = SessionChange(MONDAY, moved_to=MONDAY + timedelta(days=91))
    await classroom.groups.put_schedule(replace(LESSON, changes=(moved,)))
    await classroom.sessions.plan("math")
    await classroom.sessions.decide(SESSION)
    assert _told(await _all(database)) == [(0, NoticeKind.ABSENT, "ben", False), (1, NoticeKind.ABSENT, "ben", True)]
    await classroom.watch(91 * DAY - HOUR, 91 * DAY + 2 * HOUR)
    classroom.clock.advance(91 * DAY)
    await classroom.sessions.plan("math")
    await classroom.sessions.decide(SESSION)
    assert _told(await _all(database))[2:] == [
        (2, NoticeKind.ABSENT, "ana", False),
        (3, NoticeKind.ABSENT, "ben", False),
    ]


async def test_a_canceled_lesson_withdraws_what_was_told(database: Database, classroom: Classroom) -> None:
    """Of its people, and of the whole of it."""
    await classroom.furnish()
    await classroom.watch()
    await ConsentStore(database, classroom.clock).block("ana", "asked")
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    await classroom.groups.put_schedule(replace(LESSON, changes=(SessionChange(MONDAY, canceled=True),)))
    await classroom.sessions.plan("math")
    await classroom.sessions.decide(SESSION)
    assert _told(await _all(database)) == [
        (0, NoticeKind.ABSENT, "ben", False),
        (1, NoticeKind.SESSION_UNPROVEN, None, False),
        (2, NoticeKind.ABSENT, "ben", True),
        (3, NoticeKind.SESSION_UNPROVEN, None, True),
    ]


async def test_the_past_of_five_hundred_people_is_read_at_a_time(database: Database, classroom: Classroom) -> None:
    """Along indexes; and of people who are unproven none of it, however many there are."""
    await classroom.furnish()
    await classroom.crowd(1100)
    classroom.clock.advance(2 * HOUR)
    async with heard(database) as ran:
        await classroom.sessions.decide(SESSION)
    assert set((await classroom.statuses()).values()) == {AttendanceStatus.UNPROVEN}
    assert not [said for said, _ in ran if _PAST in said]
    await classroom.watch()
    async with heard(database) as ran:
        plans = await plans_of(database, classroom.sessions.decide(SESSION))
    pasts = [(said, values, plan) for (said, values), plan in zip(ran, plans, strict=False) if _PAST in said]
    assert len(pasts) == 2 * 3
    for said, values, plan in pasts:
        table = "records" if "FROM attendance_records" in said else "notices"
        assert f"ix_attendance_{table}_person" in plan
        assert len([each for each in values if str(each).startswith("p0")]) <= 500
        assert "detail" not in said
        assert "figures" not in said
    assert len(await _all(database, 2000)) == 1104
