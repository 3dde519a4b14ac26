"""Rounds: sessions are planned, decided when they are over, and decided anew when something becomes known."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.attendance.recomputing import AttendanceRecomputing
from portero_server.domain.attendance.record import AttendanceStatus
from portero_server.errors import PorteroError, StoreUnavailable
from portero_server.store.attendance.publishing import DecidedSession
from portero_server.store.attendance.sessions import AttendanceSessionStore, SessionFilter
from portero_server.store.database import Database
from portero_server.store.faults import StoreRefused
from portero_server.telemetry.metrics import Metrics
from tests.support.attendance.classroom import HOUR, LESSON, OPEN_FOR, SESSION, Classroom

DAY = 24 * HOUR
_NEXT = "math/2026-03-09"


class _Troubled(AttendanceSessionStore):
    """Decides every session but one, of which the database says what it is told to."""

    def trouble(self, session_id: str, error: PorteroError) -> None:
        """Has deciding a session fail."""
        self._trouble = session_id, error
        self.tried: list[str] = []

    async def decide(self, session_id: str) -> DecidedSession:
        """Decides a session, or fails."""
        self.tried.append(session_id)
        if session_id == self._trouble[0]:
            raise self._trouble[1]
        return await super().decide(session_id)


def _rounds(
    classroom: Classroom, metrics: Metrics, sessions: AttendanceSessionStore | None = None
) -> AttendanceRecomputing:
    settle = timedelta(minutes=2)
    return AttendanceRecomputing(sessions or classroom.sessions, classroom.clock, metrics.attendance, settle=settle)


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


async def test_a_session_that_takes_too_long_does_not_keep_the_others_waiting(
    database: Database, classroom: Classroom
) -> None:
    """It ends the round in which it was met first, and is tried last in those that follow."""
    await classroom.furnish()
    classroom.clock.advance(8 * DAY)
    sessions = _Troubled(database, classroom.clock, open_for=OPEN_FOR)
    sessions.trouble(SESSION, StoreUnavailable("the database did not answer within 5 s"))
    rounds = _rounds(classroom, Metrics(version="1", engine="local"), sessions)
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await rounds.round()
    assert sessions.tried == [SESSION, _NEXT, SESSION, SESSION]
    assert len(await classroom.statuses(_NEXT)) == 2


async def test_a_session_that_the_database_refuses_ends_nothing(database: Database, classroom: Classroom) -> None:
    """It is tried again in the next round."""
    await classroom.furnish()
    classroom.clock.advance(8 * DAY)
    sessions = _Troubled(database, classroom.clock, open_for=OPEN_FOR)
    sessions.trouble(SESSION, StoreRefused("the person is gone"))
    rounds = _rounds(classroom, Metrics(version="1", engine="local"), sessions)
    for _ in range(2):
        await rounds.round()
    assert sessions.tried == [SESSION, _NEXT, SESSION]
    assert len(await classroom.statuses(_NEXT)) == 2
