"""Whoever is erased leaves counts, and nobody's name; what expires goes."""

from __future__ import annotations

from datetime import timedelta

from portero_server.domain.attendance.record import AttendanceStatus, Excuse
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.people.privacy import Purpose
from portero_server.privacy.retention import Retention
from portero_server.store.attendance.records import RecordFilter
from portero_server.store.attendance.sessions import SessionFilter
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.remains import remains_of
from portero_server.store.retention import RetentionStore
from portero_server.telemetry.metrics import Metrics
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.store.commits import at

DAY = 24 * HOUR


async def _everything_of_ana(classroom: Classroom) -> None:
    await classroom.furnish()
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    await classroom.remarks.excuse(Excuse("ana", TimeSpan(at(0), at(60)), "dentist"), "office")
    await classroom.remarks.correct(classroom.correction("ana", AttendanceStatus.LATE))


async def test_an_erased_person_leaves_counts_and_no_name(classroom: Classroom, database: Database) -> None:
    """The record stays with its status and without whose it is, also when the session is decided anew."""
    await _everything_of_ana(classroom)
    erasures = ErasureStore(database, classroom.clock)
    erasure = await erasures.begin("ana")
    await erasures.scrub(erasure)
    await erasures.finish(erasure.erasure_id)
    assert await remains_of(database, "ana") == []
    assert erasure.counts["attendance_records"] == 1
    assert erasure.counts["attendance_memberships"] == 1
    await classroom.sessions.decide(SESSION)
    assert await classroom.statuses() == {"": AttendanceStatus.LATE, "ben": AttendanceStatus.ABSENT}
    ben, nobody = await classroom.records.totals(RecordFilter(group_id="1b"))
    assert (ben.person_id, nobody.person_id, nobody.summary.counts[AttendanceStatus.LATE]) == ("ben", None, 1)
    (record,) = [
        each.record
        for each in await classroom.records.list(RecordFilter(session_id=SESSION), 10)
        if not each.record.person_id
    ]
    assert (record.evidence, record.arrived_at, record.correction_id) == ((), None, None)


async def test_a_deleted_person_leaves_counts_too(classroom: Classroom, database: Database) -> None:
    """Removed in whatever way, the database takes the person out of attendance."""
    await _everything_of_ana(classroom)
    await classroom.people.delete("ana")
    assert await classroom.groups.roster("1b") == [
        each for each in await classroom.groups.roster("1b") if each.person_id == "ben"
    ]
    assert await classroom.statuses() == {"": AttendanceStatus.LATE, "ben": AttendanceStatus.ABSENT}


async def test_an_export_has_the_attendance_of_a_person(classroom: Classroom, database: Database) -> None:
    """Memberships, excuses, corrections, records and changes, all of them."""
    await _everything_of_ana(classroom)
    kinds = {each.kind for each in await ExportStore(database).records("ana", 100)}
    assert {f"attendance_{kind}" for kind in ("membership", "excuse", "correction", "record", "change")} <= kinds


async def test_attendance_expires_with_its_sessions(classroom: Classroom, database: Database) -> None:
    """After the period nothing is left of a session, and the one of the next week is."""
    await _everything_of_ana(classroom)
    classroom.clock.advance(31 * DAY)
    store, metrics = RetentionStore(database, classroom.clock), Metrics(version="1", engine="local").privacy
    rules = {Purpose.ATTENDANCE: timedelta(days=30)}
    await Retention(store, rules, classroom.clock, metrics, interval=60).round()
    assert await classroom.records.list(RecordFilter(), 10) == []
    assert await classroom.records.changes(None, None, 10) == []
    assert await classroom.remarks.corrections(SESSION) == []
    assert await classroom.remarks.excuses("ana", 10) == []
    assert [each.session.session_id for each in await classroom.sessions.list(SessionFilter(), 10)] == [
        "math/2026-03-09"
    ]
