"""Rounds: sessions are planned, decided when they are over, and decided anew when something becomes known."""

from __future__ import annotations

from datetime import timedelta

from portero_server.attendance.recomputing import AttendanceRecomputing
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.store.attendance.sessions import SessionFilter
from portero_server.telemetry.metrics import Metrics
from tests.support.attendance.classroom import HOUR, LESSON, SESSION, Classroom


def _rounds(classroom: Classroom, metrics: Metrics) -> AttendanceRecomputing:
    settle = timedelta(minutes=2)
    return AttendanceRecomputing(classroom.sessions, classroom.clock, metrics.attendance, settle=settle)


async def test_a_session_is_decided_soon_after_its_end(classroom: Classroom) -> None:
    """Not before its last frames are settled; a further round changes nothing."""
    await classroom.furnish()
    await classroom.watch()
    metrics = Metrics(version="1", engine="local")
    rounds = _rounds(classroom, metrics)
    classroom.clock.advance(HOUR + 60)
    await rounds.round()
    assert await classroom.statuses() == {}
    classroom.clock.advance(61)
    for _ in range(2):
        await rounds.round()
    assert set((await classroom.statuses()).values()) == {AttendanceStatus.ABSENT}
    value = metrics.registry.get_sample_value
    assert value("portero_attendance_records_total", {"status": "absent"}) == 2
    assert value("portero_attendance_unproven_share_sum") == 0
    assert value("portero_attendance_decide_seconds_count") == 1


async def test_schedules_are_planned_and_late_sightings_followed(classroom: Classroom) -> None:
    """What arrives late changes the record, and is counted by its cause."""
    await classroom.furnish()
    await classroom.watch()
    metrics = Metrics(version="1", engine="local")
    rounds = _rounds(classroom, metrics)
    await classroom.groups.put_schedule(LESSON)
    classroom.clock.advance(2 * HOUR)
    await rounds.round()
    await classroom.sees("ana", 0, HOUR)
    await rounds.round()
    assert (await classroom.statuses())["ana"] is AttendanceStatus.PRESENT
    assert metrics.registry.get_sample_value("portero_attendance_changes_total", {"cause": "sighting"}) == 1
    assert await classroom.sessions.unplanned(10) == []
    assert (await classroom.sessions.session(SESSION)).stale is False
    assert len(await classroom.sessions.list(SessionFilter(), 10)) == 2
