"""Single days of schedules and groups on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.schedule import SessionChange, SessionState
from portero_server.errors import InvalidInput, NotFound
from tests.support.attendance.classroom import GROUP, LESSON, MONDAY, SESSION, Classroom
from tests.support.store.commits import at

NEXT = MONDAY + timedelta(days=7)
FIRE = SessionChange(MONDAY, canceled=True, note="fire")


async def test_an_exception_stands_beside_the_others(classroom: Classroom) -> None:
    """A second exception leaves the first, one of the same day replaces it, and one that is removed leaves the rest."""
    await classroom.furnish()
    moved = SessionChange(NEXT, moved_to=NEXT + timedelta(days=1), begins=time(10), ends=time(11))
    await classroom.days.put_exception("math", moved)
    assert (await classroom.days.put_exception("math", FIRE)).changes == (FIRE, moved)
    told = replace(FIRE, note="fire alarm")
    assert await classroom.days.put_exception("math", told) == replace(LESSON, changes=(told, moved))
    assert await classroom.days.remove_exception("math", MONDAY) == (replace(LESSON, changes=(moved,)), True)
    assert await classroom.days.remove_exception("math", MONDAY) == (replace(LESSON, changes=(moved,)), False)
    assert await classroom.groups.schedules("1b") == [replace(LESSON, changes=(moved,))]


async def test_exceptions_put_at_once_are_all_kept(classroom: Classroom) -> None:
    """Nobody reads a schedule and writes it back: of two callers neither undoes what the other stored."""
    await classroom.furnish()
    changes = [SessionChange(MONDAY + timedelta(days=7 * week), canceled=True) for week in range(6)]
    await asyncio.gather(*(classroom.days.put_exception("math", change) for change in changes))
    (schedule,) = await classroom.groups.schedules("1b")
    assert schedule.changes == tuple(changes)


async def test_only_the_session_of_the_exception_is_decided_anew(classroom: Classroom) -> None:
    """The canceled session loses its records, with the cause; the other one stays as it was decided."""
    await classroom.furnish()
    await classroom.sessions.decide(SESSION)
    await classroom.sessions.decide("math/2026-03-09")
    await classroom.days.put_exception("math", FIRE)
    assert await classroom.sessions.unplanned(10) == ["math"]
    assert await classroom.sessions.plan("math") == 1
    assert await classroom.sessions.stale(10) == [SESSION]
    changes = (await classroom.sessions.decide(SESSION)).changes
    assert {(each.cause, each.after) for each in changes} == {(ChangeCause.SCHEDULE, None)}
    await classroom.days.remove_exception("math", MONDAY)
    await classroom.sessions.plan("math")
    assert (await classroom.sessions.session(SESSION)).session.state is SessionState.HELD


async def test_a_repeated_change_plans_nothing_anew(classroom: Classroom) -> None:
    """What is as asked for already stays untouched, and so do the sessions."""
    await classroom.furnish()
    await classroom.days.put_exception("math", FIRE)
    await classroom.days.put_free_day("1b", NEXT, "Aniversario")
    await classroom.sessions.plan("math")
    await classroom.days.put_exception("math", FIRE)
    await classroom.days.remove_exception("math", NEXT)
    await classroom.days.put_free_day("1b", NEXT, "Aniversario")
    await classroom.days.remove_free_day("1b", MONDAY)
    assert await classroom.sessions.unplanned(10) == []


async def test_a_free_day_leaves_the_rest_of_the_group(classroom: Classroom) -> None:
    """Its session is a holiday with the day's name, until the day is an ordinary one again."""
    await classroom.furnish()
    await classroom.days.put_free_day("1b", NEXT, "Paro")
    group = await classroom.days.put_free_day("1b", MONDAY, "Aniversario")
    assert group == replace(GROUP, free_days={MONDAY: "Aniversario", NEXT: "Paro"})
    assert await classroom.groups.group("1b") == group
    await classroom.sessions.plan("math")
    session = (await classroom.sessions.session(SESSION)).session
    assert (session.state, session.note, session.span.start) == (SessionState.HOLIDAY, "Aniversario", at(0))
    assert await classroom.days.remove_free_day("1b", MONDAY) == (replace(GROUP, free_days={NEXT: "Paro"}), True)
    assert await classroom.days.remove_free_day("1b", MONDAY) == (replace(GROUP, free_days={NEXT: "Paro"}), False)
    await classroom.sessions.plan("math")
    assert (await classroom.sessions.session(SESSION)).session.state is SessionState.HELD


async def test_a_free_day_is_judged_without_being_stored(classroom: Classroom) -> None:
    """A dry run returns the group as it would be."""
    await classroom.furnish()
    group = await classroom.days.put_free_day("1b", MONDAY, "Aniversario", dry_run=True)
    assert group == replace(GROUP, free_days={MONDAY: "Aniversario"})
    assert await classroom.groups.group("1b") == GROUP


async def test_what_cannot_be_is_refused(classroom: Classroom) -> None:
    """A day without a session, a schedule or a group that is not there; nothing is stored of it."""
    await classroom.furnish()
    with pytest.raises(InvalidInput, match="the next is 2026-03-09"):
        await classroom.days.put_exception("math", SessionChange(date(2026, 3, 3), canceled=True))
    with pytest.raises(NotFound, match="attendanceSchedules/art"):
        await classroom.days.put_exception("art", FIRE)
    with pytest.raises(NotFound, match="attendanceSchedules/art"):
        await classroom.days.remove_exception("art", MONDAY)
    with pytest.raises(NotFound, match="attendanceGroups/2a"):
        await classroom.days.put_free_day("2a", MONDAY, "x")
    assert await classroom.groups.schedules("1b") == [LESSON]
