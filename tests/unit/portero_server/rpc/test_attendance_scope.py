"""A teacher sees own groups and a guardian own people, through real connections with real keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import grpc
import pytest
from portero.v1 import (
    attendance_group_service_pb2,
    attendance_group_service_pb2_grpc,
    attendance_service_pb2,
    attendance_service_pb2_grpc,
)

from portero_server.access.authenticator import Authenticator
from portero_server.access.authorized_cameras import Sites
from portero_server.access.key_service import ApiKeyService, KeyRequest
from portero_server.access.keys import KeyPolicy, KeyRing
from portero_server.domain.access.identities import Role
from portero_server.domain.attendance.groups import Membership
from portero_server.domain.attendance.record import AttendanceStatus, Excuse
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.auth.interceptor import AuthInterceptor
from portero_server.rpc.services.attendance import AttendanceServicer
from portero_server.rpc.services.attendance_groups import AttendanceGroupServicer
from portero_server.store.attendance.scopes import ScopeStore
from portero_server.store.database import Database
from portero_server.store.keys import KeyStore
from tests.support.attendance.classroom import GROUP, HOUR, LESSON, MONDAY, SESSION, Classroom
from tests.support.server.open_access import NoCameras, Refusals, unlimited
from tests.support.server.rpc_edge import Refusal, refusal_of
from tests.support.server.serving import Serve
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

pb, group_pb = attendance_service_pb2, attendance_group_service_pb2
NAME, OTHERS, NOBODYS = (f"attendanceSessions/{each}/2026-03-02" for each in ("math", "art", "none"))
Call = Callable[..., Awaitable[Any]]


@dataclass
class Caller:
    """Somebody with a key, who calls methods by name."""

    attendance: Any
    groups: Any
    metadata: tuple[tuple[str, str], ...]

    async def ask(self, method: str, **request: Any) -> Any:
        """Calls a method of AttendanceService."""
        message = getattr(pb, f"{method}Request")(**request)
        return await getattr(self.attendance, method)(message, metadata=self.metadata)

    async def ask_groups(self, method: str, **request: Any) -> Any:
        """Calls a method of AttendanceGroupService."""
        message = getattr(group_pb, f"{method}Request")(**request)
        return await getattr(self.groups, method)(message, metadata=self.metadata)

    async def refused(self, call: Callable[..., Awaitable[Any]], method: str, **request: Any) -> Refusal:
        """Returns how a call is refused."""
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call(method, **request)
        return refusal_of(refusal.value)

    async def walked(self, method: str, field: str, **request: Any) -> list[Any]:
        """Returns everything that a list has, asked for in pages of one; no page but the last may be empty."""
        found: list[Any] = []
        token = ""
        while True:
            answer = await self.ask(method, page_size=1, page_token=token, **request)
            page = list(getattr(answer, field))
            found += page
            token = answer.next_page_token
            assert len(page) == 1 or not token
            if not token:
                return found


@dataclass
class School:
    """Ana and Ben in 1b, Cai in 2a, a lesson of each class, and keys."""

    classroom: Classroom
    keys: ApiKeyService
    enter: Callable[[str], Caller]

    async def caller(self, *roles: Role, groups: Sequence[str] = (), people: Sequence[str] = ()) -> Caller:
        """Returns somebody with a new key."""
        _, text = await self.keys.create(KeyRequest("x", roles, groups=groups, people=people), "local")
        return self.enter(text)


@pytest.fixture
async def school(database: Database, serve: Serve) -> School:
    """A school after a morning in which everybody was seen but Ben."""
    clock = ManualClock()
    classroom = Classroom(database, clock)
    await classroom.furnish()
    await classroom.enroll("cai")
    await classroom.groups.put_group(replace(GROUP, group_id="2a", display_name="2° medio A"))
    await classroom.groups.put_roster("2a", [Membership("cai", MONDAY)], replace=True)
    await classroom.groups.put_schedule(replace(LESSON, schedule_id="art", group_id="2a"))
    await classroom.sessions.plan("art")
    await classroom.watch()
    await classroom.sees("ana", 0, HOUR)
    await classroom.sees("cai", 1, HOUR)
    for person_id in ("ana", "ben", "cai"):
        span = TimeSpan(at(0) + timedelta(days=1), at(0) + timedelta(days=2))
        await classroom.remarks.excuse(Excuse(person_id, span, "flu"), "office")
    clock.advance(2 * HOUR)
    for session_id in (SESSION, "art/2026-03-02"):
        await classroom.sessions.decide(session_id)
    scope = AttendanceScope(ScopeStore(database))
    keys = KeyRing(KeyStore(database), clock, KeyPolicy(remembered=0))
    auth = AuthInterceptor(
        Authenticator(keys, None, {}, clock), Sites(NoCameras(), clock), unlimited(clock), Refusals()
    )
    edge = await serve(
        [
            AttendanceServicer(classroom.sessions, classroom.records, classroom.remarks, scope, classroom.told, clock),
            AttendanceGroupServicer(classroom.groups, classroom.days, classroom.rooms, classroom.views, scope),
        ],
        auth=auth,
    )
    attendance = attendance_service_pb2_grpc.AttendanceServiceStub(edge.channel)
    groups = attendance_group_service_pb2_grpc.AttendanceGroupServiceStub(edge.channel)

    def enter(text: str) -> Caller:
        return Caller(attendance, groups, (("authorization", f"Bearer {text}"),))

    return School(classroom, ApiKeyService(KeyStore(database), clock), enter)


async def test_a_teacher_sees_own_groups_alone(school: School) -> None:
    """In every list, in pages, by name, and in sums."""
    teacher = await school.caller(Role.TEACHER, groups=["1b"])
    sessions = await teacher.walked("ListAttendanceSessions", "sessions")
    assert {each.group for each in sessions} == {"attendanceGroups/1b"}
    records = await teacher.walked("ListAttendanceRecords", "records", group="attendanceGroups/1b")
    assert {each.person for each in records} == {"people/ana", "people/ben"}
    totals = (await teacher.ask("GetAttendanceReport", group="attendanceGroups/1b")).totals
    assert [each.display_name for each in totals] == ["Ana", "Ben"]
    groups = await teacher.ask_groups("ListGroups", page_size=1)
    assert ([each.name for each in groups.groups], groups.next_page_token) == (["attendanceGroups/1b"], "")
    roster = (await teacher.ask_groups("ListRoster", parent="attendanceGroups/1b")).memberships
    assert [each.person for each in roster] == ["people/ana", "people/ben"]
    assert len((await teacher.ask_groups("ListSchedules", parent="attendanceGroups/1b")).schedules) == 1


async def test_of_other_groups_a_teacher_learns_nothing(school: School) -> None:
    """What exists there is refused as what does not exist, and of others' pupils lists are empty as of nobody's."""
    teacher = await school.caller(Role.TEACHER, groups=["1b"])
    for call, method, field in (
        (teacher.ask_groups, "GetGroup", "name"),
        (teacher.ask_groups, "ListRoster", "parent"),
        (teacher.ask_groups, "ListSchedules", "parent"),
        (teacher.ask, "ListAttendanceSessions", "group"),
        (teacher.ask, "ListAttendanceRecords", "group"),
        (teacher.ask, "GetAttendanceReport", "group"),
    ):
        refusals = [
            await teacher.refused(call, method, **{field: name})
            for name in ("attendanceGroups/2a", "attendanceGroups/9z")
        ]
        _alike(refusals, "2a", "9z")
    for method, request in (
        ("ListAttendanceCorrections", {}),
        ("CorrectAttendance", {"person": "people/cai", "status": pb.ATTENDANCE_STATUS_ABSENT, "reason": "x"}),
    ):
        refusals = [await teacher.refused(teacher.ask, method, session=name, **request) for name in (OTHERS, NOBODYS)]
        _alike(refusals, "art", "none")
    for person in ("people/cai", "people/nobody"):
        assert await teacher.walked("ListAttendanceRecords", "records", person=person) == []
        assert await teacher.walked("ListAttendanceChanges", "changes", person=person) == []
        assert list((await teacher.ask("GetAttendanceReport", person=person)).totals) == []
    for session in (OTHERS, NOBODYS):
        assert await teacher.walked("ListAttendanceRecords", "records", session=session) == []
        assert await teacher.walked("ListAttendanceChanges", "changes", session=session) == []


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({"groups": ["1b"]}, {"people/ana", "people/ben"}),
        ({"people": ["ben"]}, {"people/ben"}),
        ({"people": ["ben", "cai"]}, {"people/ben", "people/cai"}),
    ],
)
async def test_a_watch_tells_of_own_groups_and_people_alone(
    school: School, limits: dict[str, list[str]], told: set[str]
) -> None:
    """Never what became known, which may be of somebody else; others are passed over in silence."""
    caller = await school.caller(Role.TEACHER if "groups" in limits else Role.GUARDIAN, **limits)
    call = caller.attendance.WatchAttendance(pb.WatchAttendanceRequest(after_position=0), metadata=caller.metadata)
    await school.classroom.sees("ben", 60, HOUR)
    await school.classroom.sessions.follow_sightings(100)
    await school.classroom.sessions.decide(SESSION)
    last = await school.classroom.records.last_position()
    school.classroom.told.notify(last)
    changes: list[pb.WatchAttendanceResponse] = []
    while not changes or changes[-1].change.cause != pb.ATTENDANCE_CHANGE_CAUSE_SIGHTING:
        changes.append(await call.read())
    call.cancel()
    assert {each.change.person for each in changes} == told
    assert (changes[-1].position, changes[-1].change.person) == (last, "people/ben")
    assert {each.change.reference for each in changes} == {""}


async def test_others_cannot_be_watched_by_name(school: School) -> None:
    """A group or a person outside is refused as what does not exist."""
    guardian = await school.caller(Role.GUARDIAN, people=["ben"])
    for kind, names in (("attendanceGroups", ("2a", "9z")), ("people", ("ana", "nobody"))):
        refusals = []
        for name in names:
            asked = pb.WatchAttendanceRequest()
            setattr(asked, "person" if kind == "people" else "group", f"{kind}/{name}")
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await guardian.attendance.WatchAttendance(asked, metadata=guardian.metadata).read()
            refusals.append(refusal_of(refused.value))
        _alike(refusals, *names)


async def test_a_teacher_corrects_own_groups_alone(school: School) -> None:
    """Whoever is not expected there is not found, whether the gallery has them or not; others' corrections stay."""
    teacher = await school.caller(Role.TEACHER, groups=["1b"])
    said = {"session": NAME, "status": pb.ATTENDANCE_STATUS_PRESENT, "reason": "I saw him"}
    correction = (await teacher.ask("CorrectAttendance", person="people/ben", **said)).correction
    assert correction.corrected_by.startswith("keys/")
    refusals = [
        await teacher.refused(teacher.ask, "CorrectAttendance", person=person, **said)
        for person in ("people/cai", "people/nobody")
    ]
    assert refusals[0].code is grpc.StatusCode.NOT_FOUND
    assert _without(refusals[0], "cai") == _without(refusals[1], "nobody")
    assert len((await teacher.ask("ListAttendanceCorrections", session=NAME)).corrections) == 1
    theirs = replace(school.classroom.correction("cai", AttendanceStatus.ABSENT), session_id="art/2026-03-02")
    await school.classroom.remarks.correct(theirs)
    refusals = [
        await teacher.refused(teacher.ask, "WithdrawAttendanceCorrection", name=f"attendanceCorrections/{name}")
        for name in ("k1", "k9")
    ]
    _alike(refusals, "k1", "k9")
    await teacher.ask("WithdrawAttendanceCorrection", name=correction.name)


async def test_a_guardian_sees_own_people_alone(school: School) -> None:
    """Of a session, a group and a time, in pages and in sums; without what made a status change."""
    guardian = await school.caller(Role.GUARDIAN, people=["ana"])
    for which in ({"person": "people/ana"}, {"group": "attendanceGroups/1b"}, {"session": NAME}):
        records = await guardian.walked("ListAttendanceRecords", "records", **which)
        assert [each.person for each in records] == ["people/ana"]
    totals = (await guardian.ask("GetAttendanceReport", group="attendanceGroups/1b")).totals
    assert [each.person for each in totals] == ["people/ana"]
    changes = await guardian.walked("ListAttendanceChanges", "changes", session=NAME)
    assert [(each.person, each.reference) for each in changes] == [("people/ana", "")]
    sessions = await guardian.walked("ListAttendanceSessions", "sessions")
    assert {each.group for each in sessions} == {"attendanceGroups/1b"}
    groups = await guardian.ask_groups("ListGroups", page_size=1)
    assert ([each.name for each in groups.groups], groups.next_page_token) == (["attendanceGroups/1b"], "")
    assert (await guardian.ask_groups("GetGroup", name="attendanceGroups/1b")).group.display_name == "1° básico B"
    excuses = (await guardian.ask("ListAttendanceExcuses", person="people/ana")).excuses
    assert [each.reason for each in excuses] == ["flu"]


async def test_of_others_a_guardian_learns_nothing(school: School) -> None:
    """Neither of a classmate nor of a stranger; they are refused as somebody who does not exist."""
    guardian = await school.caller(Role.GUARDIAN, people=["ana"])
    for method in ("ListAttendanceRecords", "ListAttendanceChanges", "GetAttendanceReport", "ListAttendanceExcuses"):
        refusals = [
            await guardian.refused(guardian.ask, method, person=name) for name in ("people/ben", "people/nobody")
        ]
        _alike(refusals, "ben", "nobody")
    refusals = [
        await guardian.refused(guardian.ask_groups, "GetGroup", name=name)
        for name in ("attendanceGroups/2a", "attendanceGroups/9z")
    ]
    _alike(refusals, "2a", "9z")
    for session in (OTHERS, NOBODYS):
        assert await guardian.walked("ListAttendanceRecords", "records", session=session) == []
    for method in ("ListAttendanceCorrections", "CorrectAttendance", "ExcuseAttendance"):
        assert (await guardian.refused(guardian.ask, method)).reason == "ROLE_MISSING"
    assert (await guardian.refused(guardian.ask_groups, "ListRoster")).reason == "ROLE_MISSING"


async def test_a_page_token_of_somebody_else_shows_nothing_more(school: School) -> None:
    """A token says where to go on, and not what may be seen."""
    reader, guardian = await school.caller(Role.READER), await school.caller(Role.GUARDIAN, people=["ben"])
    asked = {"group": "attendanceGroups/1b", "page_size": 1}
    token = (await reader.ask("ListAttendanceRecords", **asked)).next_page_token
    rest = await guardian.ask("ListAttendanceRecords", page_token=token, **asked)
    assert {each.person for each in rest.records} <= {"people/ben"}


async def test_a_teacher_with_a_child_elsewhere_sees_both_and_no_more(school: School) -> None:
    """The child's record is theirs in its group, whose others they do not see."""
    both = await school.caller(Role.TEACHER, Role.GUARDIAN, groups=["1b"], people=["cai"])
    assert len(await both.walked("ListAttendanceRecords", "records", session=OTHERS)) == 1
    assert len(await both.walked("ListAttendanceRecords", "records", session=NAME)) == 2
    refusal = await both.refused(both.ask_groups, "ListRoster", parent="attendanceGroups/2a")
    assert refusal.reason == "OUT_OF_SCOPE"


async def test_a_key_loses_who_is_removed(school: School) -> None:
    """Whoever gets the same id later is somebody else; a key for nobody opens nothing."""
    guardian = await school.caller(Role.GUARDIAN, people=["ana"])
    await school.classroom.people.delete("ana")
    await school.classroom.enroll("ana")
    refusal = await guardian.refused(guardian.ask, "ListAttendanceRecords", person="people/ana")
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPED")


def _alike(refusals: Sequence[Refusal], *names: str) -> None:
    """Asserts that two refusals differ in nothing but the names that were asked for."""
    assert {each.reason for each in refusals} == {"OUT_OF_SCOPE"}
    one, other = (_without(refusal, name) for refusal, name in zip(refusals, names, strict=True))
    assert one == other


def _without(refusal: Refusal, name: str) -> tuple[object, ...]:
    said = tuple(text.replace(name, "") for text in (refusal.message, *refusal.resource))
    return refusal.code, refusal.reason, said, refusal.fields
