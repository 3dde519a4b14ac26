"""Corrections and excuses on both databases: they outrank cameras, survive, and can be taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.attendance.changes import ChangeCause
from portero_server.domain.attendance.record import AttendanceStatus, Excuse, StatusReason
from portero_server.domain.attendance.schedule import SessionChange
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.errors import FailedPrecondition, NotFound
from tests.support.attendance.classroom import HOUR, LESSON, MONDAY, SESSION, Classroom
from tests.support.store.commits import at

DAY = 24 * HOUR


async def _decided(classroom: Classroom) -> None:
    await classroom.furnish()
    await classroom.watch()
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)


async def test_a_correction_outranks_cameras_and_survives(classroom: Classroom) -> None:
    """It holds when the session is decided anew; what cameras say stays beside it."""
    await _decided(classroom)
    corrected = await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT))
    assert corrected.record is not None
    record = corrected.record
    assert (record.status, record.reason, record.decided) == (
        AttendanceStatus.PRESENT,
        StatusReason.CORRECTED,
        AttendanceStatus.ABSENT,
    )
    assert (await classroom.sessions.decide(SESSION)).changes == ()
    (change,) = [each for each in await classroom.records.changes(SESSION, "ana", 10) if each.old_status is not None]
    assert (change.cause, change.reference) == (ChangeCause.CORRECTION, "k1")


async def test_a_correction_that_is_taken_back_leaves_what_was_decided(classroom: Classroom) -> None:
    """It stays on the list with when it was taken back; a repetition changes nothing."""
    await _decided(classroom)
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT))
    for _ in range(2):
        withdrawn = await classroom.remarks.withdraw("k1", "head")
        assert withdrawn.record is not None
        assert withdrawn.record.status is AttendanceStatus.ABSENT
        assert withdrawn.correction.withdrawn_at == classroom.clock.now()
    assert [each.correction_id for each in await classroom.remarks.corrections(SESSION)] == ["k1"]


async def test_what_came_before_a_correction_is_not_its_doing(classroom: Classroom) -> None:
    """A late sighting that waits keeps its own cause."""
    await _decided(classroom)
    sighting_id = await classroom.sees("ben", 0, HOUR)
    await classroom.sessions.follow_sightings(10)
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.LATE))
    causes = {
        each.person_id: (each.cause, each.reference)
        for each in await classroom.records.changes(SESSION, None, 10)
        if each.old_status is not None
    }
    assert causes == {"ana": (ChangeCause.CORRECTION, "k1"), "ben": (ChangeCause.SIGHTING, sighting_id)}


async def test_a_correction_of_a_lesson_that_was_moved_on_is_taken_back_undecided(classroom: Classroom) -> None:
    """Nobody knows yet who attends it: it is decided when it is over, without the correction."""
    await _decided(classroom)
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT))
    moved = SessionChange(MONDAY, moved_to=MONDAY + timedelta(days=1))
    await classroom.groups.put_schedule(replace(LESSON, changes=(moved,)))
    await classroom.sessions.plan("math")
    withdrawn = await classroom.remarks.withdraw("k1", "head")
    assert (withdrawn.record, withdrawn.correction.withdrawn_at) == (None, classroom.clock.now())
    assert await classroom.statuses() == {}
    classroom.clock.advance(DAY)
    assert await classroom.sessions.due(classroom.clock.now(), 10) == [SESSION]


async def test_a_repeated_request_corrects_once(classroom: Classroom) -> None:
    """The same request id returns the first correction."""
    await _decided(classroom)
    first = await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT), "r1", "d")
    again = await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT, "k2"), "r1", "d")
    assert again == first


async def test_a_repeated_request_decides_nothing(classroom: Classroom) -> None:
    """What became known since is not the correction's doing, and waits for its turn."""
    await _decided(classroom)
    first = await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT), "r1", "d")
    sighting_id = await classroom.sees("ben", 0, HOUR)
    await classroom.sessions.follow_sightings(10)
    classroom.clock.advance(23 * HOUR)
    again = await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.PRESENT, "k2"), "r1", "d")
    assert again == first
    assert await classroom.sessions.stale(10) == [SESSION]
    (change,) = (await classroom.sessions.decide(SESSION)).changes
    assert (change.person_id, change.cause, change.reference) == ("ben", ChangeCause.SIGHTING, sighting_id)


async def test_what_cannot_be_corrected_is_refused(classroom: Classroom) -> None:
    """A session that is not over, one that is closed, and somebody whom it does not expect."""
    await classroom.furnish()
    said = classroom.correction("ana", AttendanceStatus.PRESENT)
    with pytest.raises(FailedPrecondition) as refused:
        await classroom.remarks.correct(said)
    assert refused.value.reason == "SESSION_NOT_OVER"
    classroom.clock.advance(2 * HOUR)
    await classroom.enroll("eva")
    for person_id, named in (("eva", f"{SESSION}/people/eva"), ("nobody", "people/nobody")):
        with pytest.raises(NotFound, match=named):
            await classroom.remarks.correct(classroom.correction(person_id, AttendanceStatus.PRESENT))
    assert await classroom.remarks.corrections(SESSION) == []
    classroom.clock.advance(30 * DAY)
    with pytest.raises(FailedPrecondition) as refused:
        await classroom.remarks.correct(said)
    assert refused.value.reason == "SESSION_CLOSED"


async def test_an_excuse_decides_the_sessions_in_its_time_anew(classroom: Classroom) -> None:
    """It holds for every session of the person in that time, until it is taken back."""
    await _decided(classroom)
    day = TimeSpan(at(-HOUR), at(DAY))
    kept = await classroom.remarks.excuse(Excuse("ana", day, "flu"), "office", "r1", "d")
    assert await classroom.remarks.excuse(Excuse("ana", day, "flu"), "office", "r1", "d") == kept
    assert await classroom.sessions.stale(10) == [SESSION]
    (change,) = (await classroom.sessions.decide(SESSION)).changes
    assert (change.person_id, change.cause, change.reference) == ("ana", ChangeCause.EXCUSE, kept.excuse_id)
    assert (await classroom.statuses())["ana"] is AttendanceStatus.EXCUSED
    withdrawn = await classroom.remarks.withdraw_excuse(kept.excuse_id)
    assert await classroom.remarks.excuses("ana", 10) == [withdrawn]
    assert await classroom.remarks.excuses("ana", 10, kept.excuse_id) == []
    await classroom.sessions.decide(SESSION)
    assert (await classroom.statuses())["ana"] is AttendanceStatus.ABSENT
    with pytest.raises(NotFound, match="people/nobody"):
        await classroom.remarks.excuse(Excuse("nobody", day, "flu"), "office")
    with pytest.raises(NotFound, match="attendanceExcuses/none"):
        await classroom.remarks.withdraw_excuse("none")
