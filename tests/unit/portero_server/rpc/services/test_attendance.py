"""AttendanceService over a real connection and a real database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import attendance_service_pb2 as pb
from portero.v1 import attendance_service_pb2_grpc

from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.services.attendance import AttendanceServicer
from portero_server.store.attendance.scopes import ScopeStore
from portero_server.store.database import Database
from tests.support.attendance.classroom import HOUR, SESSION, Classroom
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import Serve
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

REQUEST = "6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"
NAME = f"attendanceSessions/{SESSION}"
DAY = 24 * HOUR


class Teacher:
    """A client of the service, and the class behind it."""

    def __init__(self, database: Database) -> None:
        self.classroom = Classroom(database, ManualClock())
        self.servicer = AttendanceServicer(
            self.classroom.sessions,
            self.classroom.records,
            self.classroom.remarks,
            AttendanceScope(ScopeStore(database)),
            self.classroom.told,
            self.classroom.clock,
        )
        self.client: attendance_service_pb2_grpc.AttendanceServiceAsyncStub

    async def records(self, **which: Any) -> list[pb.AttendanceRecord]:
        """Returns the records that the service lists, of the lesson by default."""
        asked = pb.ListAttendanceRecordsRequest(**(which or {"session": NAME}))
        return list((await self.client.ListAttendanceRecords(asked)).records)


@pytest.fixture
async def teacher(database: Database, serve: Serve) -> Teacher:
    """A teacher after a lesson that Ana came late to, and Ben not at all."""
    teacher = Teacher(database)
    classroom = teacher.classroom
    await classroom.furnish()
    await classroom.watch()
    await classroom.sees("ana", 1200, HOUR)
    classroom.clock.advance(2 * HOUR)
    await classroom.sessions.decide(SESSION)
    edge = await serve([teacher.servicer])
    teacher.client = attendance_service_pb2_grpc.AttendanceServiceStub(edge.channel)
    return teacher


def _stamp(seconds: float) -> Timestamp:
    moment: datetime = at(seconds)
    return time_to_proto(moment)


async def test_sessions_are_listed_in_pages(teacher: Teacher) -> None:
    """With their rooms, state and when they were decided."""
    first = await teacher.client.ListAttendanceSessions(pb.ListAttendanceSessionsRequest(page_size=1))
    token = first.next_page_token
    rest = await teacher.client.ListAttendanceSessions(pb.ListAttendanceSessionsRequest(page_size=1, page_token=token))
    (session,) = first.sessions
    assert (session.name, session.group, session.day) == (NAME, "attendanceGroups/1b", "2026-03-02")
    assert (session.start_time, session.end_time) == (_stamp(0), _stamp(HOUR))
    assert (list(session.rooms), session.state) == (["a"], pb.ATTENDANCE_SESSION_STATE_HELD)
    assert (session.decide_time, session.stale) == (_stamp(2 * HOUR), False)
    assert not rest.sessions[0].HasField("decide_time")
    assert rest.next_page_token == ""
    narrow = pb.ListAttendanceSessionsRequest(group="attendanceGroups/1b", start_time=_stamp(HOUR))
    assert len((await teacher.client.ListAttendanceSessions(narrow)).sessions) == 1


async def test_records_say_what_shows_them(teacher: Teacher) -> None:
    """Status, reason, times, credit and sightings, of a session, a person or a group, in pages."""
    ana, ben = sorted(await teacher.records(), key=lambda record: record.person)
    assert (ana.person, ana.status, ana.reason) == (
        "people/ana",
        pb.ATTENDANCE_STATUS_LATE,
        pb.ATTENDANCE_REASON_CAME_LATE,
    )
    assert (ana.late.ToTimedelta(), ana.present.ToTimedelta()) == (timedelta(minutes=20), timedelta(minutes=40))
    assert (ana.arrive_time, ana.credit, len(ana.sightings)) == (_stamp(1200), 1.0, 1)
    assert ana.group == "attendanceGroups/1b"
    assert (ben.status, ben.decided_status) == (pb.ATTENDANCE_STATUS_ABSENT, pb.ATTENDANCE_STATUS_ABSENT)
    assert await teacher.records(person="people/ana") == [ana]
    asked = pb.ListAttendanceRecordsRequest(group="attendanceGroups/1b", page_size=1)
    first = await teacher.client.ListAttendanceRecords(asked)
    asked.page_token = first.next_page_token
    rest = await teacher.client.ListAttendanceRecords(asked)
    assert {each.person for each in (*first.records, *rest.records)} == {"people/ana", "people/ben"}


async def test_what_nobody_watched_comes_with_its_time_and_cause(teacher: Teacher) -> None:
    """An unproven record names the spans and the open question."""
    classroom = teacher.classroom
    classroom.clock.advance(7 * DAY)
    await classroom.sessions.decide("math/2026-03-09")
    record = (await teacher.records(session="attendanceSessions/math/2026-03-09"))[0]
    assert record.status == pb.ATTENDANCE_STATUS_UNPROVEN
    assert list(record.open_questions) == [pb.OPEN_QUESTION_PRESENCE]
    assert list(record.unproven[0].causes) == [pb.UNPROVEN_CAUSE_NO_STREAM]


async def test_a_correction_holds_until_it_is_taken_back(teacher: Teacher) -> None:
    """It outranks what was decided, is listed with its reason, and each change is told with its cause."""
    said = pb.CorrectAttendanceRequest(
        session=NAME, person="people/ben", status=pb.ATTENDANCE_STATUS_PRESENT, reason="vi a Ben", request_id=REQUEST
    )
    correction = (await teacher.client.CorrectAttendance(said)).correction
    assert (await teacher.client.CorrectAttendance(said)).correction == correction
    (ben,) = await teacher.records(person="people/ben")
    assert (ben.status, ben.decided_status) == (pb.ATTENDANCE_STATUS_PRESENT, pb.ATTENDANCE_STATUS_ABSENT)
    assert (ben.reason, ben.correction) == (pb.ATTENDANCE_REASON_CORRECTED, correction.name)
    teacher.classroom.clock.advance(60)
    asked = pb.WithdrawAttendanceCorrectionRequest(name=correction.name)
    withdrawn = (await teacher.client.WithdrawAttendanceCorrection(asked)).correction
    assert withdrawn.withdraw_time == _stamp(2 * HOUR + 60)
    listed = await teacher.client.ListAttendanceCorrections(pb.ListAttendanceCorrectionsRequest(session=NAME))
    assert list(listed.corrections) == [withdrawn]
    changes = await teacher.client.ListAttendanceChanges(pb.ListAttendanceChangesRequest(person="people/ben"))
    assert [(each.old_status, each.new_status) for each in changes.changes[-1:]] == [
        (pb.ATTENDANCE_STATUS_PRESENT, pb.ATTENDANCE_STATUS_ABSENT)
    ]
    assert changes.changes[-1].cause == pb.ATTENDANCE_CHANGE_CAUSE_CORRECTION
    assert changes.changes[-1].reference == correction.name.removeprefix("attendanceCorrections/")


async def test_changes_are_listed_in_pages(teacher: Teacher) -> None:
    """Of a session, each once."""
    asked = pb.ListAttendanceChangesRequest(session=NAME, page_size=1)
    first = await teacher.client.ListAttendanceChanges(asked)
    asked.page_token = first.next_page_token
    rest = await teacher.client.ListAttendanceChanges(asked)
    assert {each.person for each in (*first.changes, *rest.changes)} == {"people/ana", "people/ben"}
    assert rest.next_page_token == ""


async def test_an_excuse_is_kept_until_it_is_taken_back(teacher: Teacher) -> None:
    """Listed in pages, with who said so and when it was taken back."""
    said = pb.ExcuseAttendanceRequest(
        person="people/ben", start_time=_stamp(-HOUR), end_time=_stamp(DAY), reason="gripe", request_id=REQUEST
    )
    excuse = (await teacher.client.ExcuseAttendance(said)).excuse
    assert (await teacher.client.ExcuseAttendance(said)).excuse == excuse
    await teacher.classroom.sessions.decide(SESSION)
    (ben,) = await teacher.records(person="people/ben")
    assert ben.status == pb.ATTENDANCE_STATUS_EXCUSED
    asked = pb.WithdrawAttendanceExcuseRequest(name=excuse.name)
    withdrawn = (await teacher.client.WithdrawAttendanceExcuse(asked)).excuse
    assert withdrawn.HasField("withdraw_time")
    said.request_id = ""
    await teacher.client.ExcuseAttendance(said)
    page = pb.ListAttendanceExcusesRequest(person="people/ben", page_size=1)
    first = await teacher.client.ListAttendanceExcuses(page)
    page.page_token = first.next_page_token
    rest = await teacher.client.ListAttendanceExcuses(page)
    assert {each.HasField("withdraw_time") for each in (*first.excuses, *rest.excuses)} == {True, False}
    assert rest.next_page_token == ""


async def test_a_report_adds_up_each_person(teacher: Teacher) -> None:
    """Counts, credit and percentages with their bounds; nothing decided has no percentage."""
    asked = pb.GetAttendanceReportRequest(group="attendanceGroups/1b")
    report = await teacher.client.GetAttendanceReport(asked)
    ana, ben = report.totals
    assert (ana.display_name, ben.display_name) == ("Ana", "Ben")
    assert (ana.person, ana.late_count, ana.credit, ana.percentage) == ("people/ana", 1, 1.0, 100.0)
    assert (ana.present.seconds, ana.late.seconds) == (2400, 1200)
    assert (ben.absent_count, ben.percentage, ben.lowest_percentage, ben.highest_percentage) == (1, 0.0, 0.0, 0.0)
    assert report.report_time == _stamp(2 * HOUR)
    said = pb.ExcuseAttendanceRequest(person="people/ben", start_time=_stamp(0), end_time=_stamp(HOUR), reason="x")
    await teacher.client.ExcuseAttendance(said)
    await teacher.classroom.sessions.decide(SESSION)
    asked = pb.GetAttendanceReportRequest(person="people/ben", start_time=_stamp(0), end_time=_stamp(HOUR))
    (ben,) = (await teacher.client.GetAttendanceReport(asked)).totals
    assert (ben.excused_count, ben.HasField("percentage")) == (1, False)


async def _refused(call: Any) -> tuple[grpc.StatusCode, str, tuple[str, ...]]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    refusal = refusal_of(caught.value)
    return refusal.code, refusal.reason, refusal.fields


async def test_what_is_wrong_is_named(teacher: Teacher) -> None:
    """A list without a subject, an unknown status, a missing reason, and times in the wrong order."""
    client, invalid = teacher.client, grpc.StatusCode.INVALID_ARGUMENT
    for asked, field in (
        (client.ListAttendanceRecords(pb.ListAttendanceRecordsRequest()), "session"),
        (client.ListAttendanceChanges(pb.ListAttendanceChangesRequest()), "session"),
        (client.GetAttendanceReport(pb.GetAttendanceReportRequest()), "person"),
        (client.ListAttendanceRecords(pb.ListAttendanceRecordsRequest(session="sessions/x")), "session"),
        (client.CorrectAttendance(_correction(status=pb.ATTENDANCE_STATUS_UNSPECIFIED)), "status"),
        (client.CorrectAttendance(_correction(status=pb.ATTENDANCE_STATUS_UNPROVEN)), "status"),
        (client.CorrectAttendance(_correction(reason="")), "reason"),
        (client.CorrectAttendance(_correction(reason="x" * 201)), "reason"),
        (
            client.ExcuseAttendance(
                pb.ExcuseAttendanceRequest(person="people/ana", start_time=_stamp(1), end_time=_stamp(0), reason="flu")
            ),
            "end_time",
        ),
    ):
        code, _, fields = await _refused(asked)
        assert (code, fields) == (invalid, (field,))


async def test_what_is_not_there_or_over_is_refused(teacher: Teacher) -> None:
    """A session that nobody knows, one that is not over, and somebody whom it does not expect."""
    client = teacher.client
    unknown = _correction(session="attendanceSessions/math/1999-01-01")
    assert (await _refused(client.CorrectAttendance(unknown)))[0] is grpc.StatusCode.NOT_FOUND
    early = _correction(session="attendanceSessions/math/2026-03-09")
    assert (await _refused(client.CorrectAttendance(early)))[1] == "SESSION_NOT_OVER"
    assert (await _refused(client.CorrectAttendance(_correction(person="people/eva"))))[0] is grpc.StatusCode.NOT_FOUND


def _correction(**changes: Any) -> pb.CorrectAttendanceRequest:
    whole: dict[str, Any] = {
        "session": NAME,
        "person": "people/ben",
        "status": pb.ATTENDANCE_STATUS_PRESENT,
        "reason": "seen",
    }
    return pb.CorrectAttendanceRequest(**(whole | changes))


async def test_changes_are_told_as_they_happen(teacher: Teacher) -> None:
    """Those that are stored first, then new ones with their cause; who resumes after a position misses none."""
    call = teacher.client.WatchAttendance(pb.WatchAttendanceRequest(after_position=0))
    first, second = [await _next(call), await _next(call)]
    assert [each.change.person for each in (first, second)] == ["people/ana", "people/ben"]
    assert (first.change.old_status, first.change.new_status) == (0, pb.ATTENDANCE_STATUS_LATE)
    asked = pb.CorrectAttendanceRequest(
        session=NAME, person="people/ben", status=pb.ATTENDANCE_STATUS_PRESENT, reason="I saw him"
    )
    correction = (await teacher.client.CorrectAttendance(asked)).correction
    teacher.classroom.told.notify(await teacher.classroom.records.last_position())
    told = await _next(call)
    call.cancel()
    assert (told.change.old_status, told.change.new_status) == (pb.ATTENDANCE_STATUS_ABSENT, asked.status)
    assert told.change.cause == pb.ATTENDANCE_CHANGE_CAUSE_CORRECTION
    assert told.change.reference == correction.name.removeprefix("attendanceCorrections/")
    again = teacher.client.WatchAttendance(pb.WatchAttendanceRequest(after_position=second.position))
    assert await _next(again) == told
    again.cancel()


async def test_a_watch_is_of_one_group_or_person(teacher: Teacher) -> None:
    """Others are passed over; a position that does not exist yet is refused."""
    asked = pb.WatchAttendanceRequest(after_position=0, group="attendanceGroups/1b", person="people/ben")
    call = teacher.client.WatchAttendance(asked)
    assert (await _next(call)).change.person == "people/ben"
    call.cancel()
    beyond = teacher.client.WatchAttendance(pb.WatchAttendanceRequest(after_position=99))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await beyond.read()
    assert refusal_of(refused.value).reason == "POSITION_BEYOND_LAST"


async def _next(call: Any) -> pb.WatchAttendanceResponse:
    """Returns the next change of a watch."""
    while not (told := await call.read()).HasField("change"):
        continue
    assert isinstance(told, pb.WatchAttendanceResponse)
    return told
