"""Which index a query walks, asked of the database itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.domain.access.identities import Scope
from portero_server.domain.documents.check_in import CheckIn, CheckInState, Holder
from portero_server.domain.people.privacy import Purpose
from portero_server.store.attendance.records import AttendanceRecordStore, RecordFilter
from portero_server.store.attendance.sessions import AttendanceSessionStore, SessionFilter
from portero_server.store.cameras import CameraStore
from portero_server.store.check_in_filter import CheckInFilter
from portero_server.store.check_ins import CheckInStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.decisions import DecisionFilter, DecisionStore
from portero_server.store.guests import GuestStore
from portero_server.store.people import PeopleStore
from portero_server.store.retention import RetentionStore
from portero_server.store.review_queue import ReviewQueueStore
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from tests.support.attendance.classroom import Classroom
from tests.support.store.commits import at, commit_of, decided
from tests.support.store.plans import plans_of
from tests.support.time.virtual_time import ManualClock


@pytest.mark.parametrize(
    ("camera_id", "index"), [("door", "ix_sightings_camera_long"), (None, "ix_sightings_long")], ids=["one", "all"]
)
async def test_a_report_finds_long_sightings_by_their_end(
    database: Database, sightings: SightingStore, camera_id: str | None, index: str
) -> None:
    """A report of an hour finds sightings that began long before among the long ones, of its camera if it names one."""
    hour = SightingFilter(camera_id=camera_id, start=at(0), end=at(0) + timedelta(hours=1))
    _, long = await plans_of(database, sightings.list(hour, 50))
    assert index in long


async def test_streams_that_are_followed_are_found_among_the_owned_ones(
    database: Database, streams: StreamStore
) -> None:
    """Looking for deserted streams reads those that a session owns, not every epoch there ever was."""
    await streams.open("door", "e1", "s1")
    (plan,) = await plans_of(database, streams.followed())
    assert "ix_streams_session" in plan


async def test_taking_a_camera_over_locks_no_other_camera(database: Database, streams: StreamStore) -> None:
    """A session that opens a stream looks at its own camera's epochs alone."""
    epochs_of_camera = "uq_streams_epoch" if database.dialect == "mysql" else "(camera_id=?)"
    for camera in ("door", "gate", "desk"):
        await streams.open(camera, "e1", camera)
    taken, *_ = await plans_of(database, streams.open("door", "e2", "s2"))
    assert epochs_of_camera in taken


async def test_what_a_track_may_join_is_found_among_its_person_s_visits(
    database: Database, streams: StreamStore, people: PeopleStore, recording: Recording
) -> None:
    """The sightings before and after a track that is decided late are found by person, camera and time."""
    await people.create("ana", "Ana", {})
    stream = await streams.open("door", "e1", "s1")
    await recording.commit([commit_of(stream, decided("t1", "ana", 0), decided("t3", "ana", 100))])
    plans = await plans_of(database, recording.commit([commit_of(stream, decided("t2", "ana", 50))]))
    assert len([plan for plan in plans if "ix_sightings_visit" in plan]) == 3
    if database.dialect == "sqlite":
        assert any(
            "ix_sightings_visit (person_id=? AND camera_id=? AND first_seen>? AND first_seen<?)" in plan
            for plan in plans
        )


async def test_lists_of_check_ins_walk_an_index(database: Database, clock: ManualClock) -> None:
    """Check-ins are found by camera, RUN, result, time and change, and those that run among themselves."""
    store = CheckInStore(database, clock)
    for question, index in (
        (store.list(CheckInFilter(camera_id="desk"), 9), "ix_check_ins_camera"),
        (store.list(CheckInFilter(run="1-9"), 9), "ix_check_ins_run"),
        (store.list(CheckInFilter(undecided=True), 9), "ix_check_ins_result"),
        (store.list(CheckInFilter(), 9), "ix_check_ins_time"),
        (store.of_holder(Holder(document_number="1")), "ix_check_ins_number"),
        (store.of_holder(Holder(run="1-9")), "ix_check_ins_run"),
        (store.changes_after(0, "desk", 9), "uq_check_ins_position" if database.dialect == "mysql" else "(position>?)"),
        (store.running(), "ix_check_ins_state"),
        (GuestStore(database, clock).list(clock.now().date(), 9), "ix_guests_arrival"),
    ):
        (plan,) = await plans_of(database, question)
        assert index in plan


async def test_whoever_begins_a_check_in_looks_at_those_that_run(database: Database, clock: ManualClock) -> None:
    """Of a camera with years of check-ins, a new one walks only the few that run anywhere."""
    await CameraStore(database, clock).create("desk", display_name="Desk")
    new = CheckIn("a", "desk", CheckInState.RUNNING, clock.now(), clock.now())
    plans = await plans_of(database, CheckInStore(database, clock).create(new))
    assert sum("ix_check_ins_state" in plan for plan in plans) == 1
    assert not any("ix_check_ins_camera" in plan for plan in plans)


async def test_what_expires_of_check_ins_is_found_by_its_age(database: Database, clock: ManualClock) -> None:
    """Retention walks check-ins and guests in the order of their age."""
    store = RetentionStore(database, clock)
    for purpose, index in ((Purpose.CHECK_INS, "ix_check_ins_time"), (Purpose.GUESTS, "ix_guests_day_end")):
        (plan,) = await plans_of(database, store.remove_some(purpose, 0, clock.now()))
        assert index in plan


async def test_lists_of_decisions_walk_an_index(database: Database) -> None:
    """Decisions are found by camera, by time, and by the tracks of a sighting."""
    store = DecisionStore(database)
    for which, index in (
        (DecisionFilter(within=frozenset({"door"})), "ix_decisions_camera"),
        (DecisionFilter(start=at(0)), "ix_decisions_time"),
        (DecisionFilter(within=frozenset({"door", "desk"})), "ix_decisions_time"),
        (DecisionFilter(sighting_id="s"), "ix_decisions_track"),
    ):
        (plan,) = await plans_of(database, store.list(which, 9))
        assert index in plan, which


async def test_the_queue_of_reviews_is_counted_along_indexes(database: Database) -> None:
    """Its length is one statement that walks the latest sightings, and looks up what belongs to each by index."""
    (plan,) = await plans_of(database, ReviewQueueStore(database).waiting(1000))
    for index in (
        "ix_sightings_time",
        "ix_sighting_tracks_sighting",
        "ix_decisions_track",
        "ix_sighting_reviews_sighting",
    ):
        assert index in plan
    # As conditions that something exists, the same joins walked every candidate of a person, or every decision.
    assert "MATERIALIZED" not in plan
    assert "ix_decision_candidates_person" not in plan


async def test_attendance_is_found_along_indexes(database: Database, clock: ManualClock) -> None:
    """Records of a person, a group and a session, sessions by time, and those that are due or stale."""
    records = AttendanceRecordStore(database)
    sessions = AttendanceSessionStore(database, clock, open_for=timedelta(days=21))
    for which, index in (
        (RecordFilter(person_id="ana"), "ix_attendance_records_person"),
        (RecordFilter(group_id="1b", start=at(0)), "ix_attendance_records_group"),
        (RecordFilter(session_id="math/2026-03-02"), "uq_attendance_records"),
    ):
        (plan,) = await plans_of(database, records.list(which, 9))
        assert index in plan or "sqlite_autoindex_attendance_records" in plan, which
    for question, index in (
        (sessions.list(SessionFilter(group_id="1b"), 9), "ix_attendance_sessions_group"),
        (sessions.list(SessionFilter(start=at(0)), 9), "ix_attendance_sessions_time"),
        (sessions.due(at(0), 9), "ix_attendance_sessions_due"),
        (sessions.stale(9), "ix_attendance_sessions_stale"),
    ):
        (plan,) = await plans_of(database, question)
        assert index in plan, index


async def test_attendance_within_a_scope_is_found_along_indexes(database: Database, clock: ManualClock) -> None:
    """A teacher's few groups are found by themselves, those of a guardian's people too, and many groups by time."""
    classroom = Classroom(database, clock)
    await classroom.furnish()
    records, sessions = classroom.records, classroom.sessions
    teacher, guardian = Scope(groups=frozenset({"1b", "2a"})), Scope(people=frozenset({"ana"}))
    many = Scope(groups=frozenset(map(str, range(100))))
    session_s = "uq_attendance_records" if database.dialect == "mysql" else "sqlite_autoindex_attendance_records"
    for question, index in (
        (sessions.list(SessionFilter(within=teacher), 9), "ix_attendance_sessions_group"),
        (sessions.list(SessionFilter(within=guardian, start=at(0)), 9), "ix_attendance_sessions_group"),
        (sessions.list(SessionFilter(within=many), 9), "ix_attendance_sessions_time"),
        (sessions.list(SessionFilter(group_id="1b", within=guardian), 9), "ix_attendance_sessions_group"),
        (records.list(RecordFilter(group_id="1b", start=at(0), within=guardian), 9), "ix_attendance_records_group"),
        (records.list(RecordFilter(person_id="ana", within=teacher), 9), "ix_attendance_records_person"),
        (records.list(RecordFilter(session_id="math/2026-03-02", within=teacher), 9), session_s),
        (records.totals(RecordFilter(group_id="1b", start=at(0), within=teacher)), "ix_attendance_records_group"),
        (records.totals(RecordFilter(group_id="1b")), "ix_attendance_records_group"),
        (records.totals(RecordFilter(person_id="ana", within=teacher)), "ix_attendance_records_person"),
        (records.totals(RecordFilter(person_id="ana", within=guardian)), "ix_attendance_records_person"),
        (records.changes("math/2026-03-02", None, 9, within=guardian), "ix_attendance_changes_session"),
        (records.changes(None, "ana", 9, within=teacher), "ix_attendance_changes_person"),
    ):
        *_, plan = await plans_of(database, question)
        assert index in plan, f"{index} is not in {plan}"
