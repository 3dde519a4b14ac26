"""AttendanceGroupService over a real connection and a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from portero.v1 import attendance_group_service_pb2 as pb
from portero.v1 import attendance_group_service_pb2_grpc

from portero_server.domain.attendance.rules import AttendanceRules, PresenceMeasure
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.convert import time_to_proto
from portero_server.rpc.services.attendance_groups import AttendanceGroupServicer
from portero_server.store.attendance.scopes import ScopeStore
from portero_server.store.database import Database
from tests.support.attendance.classroom import Classroom
from tests.support.server.rpc_edge import refusal_of
from tests.support.server.serving import Serve
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock

REQUEST = "6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"


class Office:
    """A client of the service, and the class behind it."""

    def __init__(self, database: Database) -> None:
        self.classroom = Classroom(database, ManualClock())
        self.servicer = AttendanceGroupServicer(
            self.classroom.groups,
            self.classroom.days,
            self.classroom.rooms,
            self.classroom.views,
            AttendanceScope(ScopeStore(database)),
        )
        self.client: attendance_group_service_pb2_grpc.AttendanceGroupServiceAsyncStub


@pytest.fixture
async def office(database: Database, serve: Serve) -> Office:
    """An office with Ana, Ben and their class."""
    office = Office(database)
    await office.classroom.furnish()
    edge = await serve([office.servicer])
    office.client = attendance_group_service_pb2_grpc.AttendanceGroupServiceStub(edge.channel)
    return office


def _group(**changes: Any) -> pb.AttendanceGroup:
    whole = {"name": "attendanceGroups/2a", "display_name": "2° medio A", "time_zone": "America/Santiago"}
    return pb.AttendanceGroup(**(whole | changes))


def _schedule(**changes: Any) -> pb.AttendanceSchedule:
    whole = {
        "name": "attendanceSchedules/art",
        "group": "attendanceGroups/1b",
        "rooms": ["a"],
        "first_day": "2026-03-03",
        "begins": "10:00",
        "ends": "11:30",
        "recurrence": "FREQ=WEEKLY;BYDAY=TU",
    }
    return pb.AttendanceSchedule(**(whole | changes))


async def test_a_group_comes_back_with_every_rule(office: Office) -> None:
    """What was not set has its default, and never is a word of its own."""
    rules = pb.AttendanceRules(
        late_after=Duration(seconds=180),
        absent_after=Duration(seconds=1800),
        ignore_early_leave=True,
        ignore_unclear_faces=True,
        measure=pb.PRESENCE_MEASURE_CHECK_IN,
    )
    whole = _group(
        rules=rules,
        country="CL",
        free_days=[pb.FreeDay(day="2026-05-11", display_name="Día del alumno")],
        worked_days=["2026-09-18"],
    )
    stored = (await office.client.PutGroup(pb.PutGroupRequest(group=whole))).group
    assert stored.rules.opens_before.seconds == 900
    assert (stored.rules.HasField("leaves_before"), stored.rules.ignore_early_leave) == (False, True)
    assert (await office.classroom.groups.group("2a")).rules == AttendanceRules(
        late_after=timedelta(minutes=3),
        absent_after=timedelta(minutes=30),
        leaves_before=None,
        heeds_unclear_faces=False,
        measure=PresenceMeasure.CHECK_IN,
    )
    assert (await office.client.GetGroup(pb.GetGroupRequest(name=whole.name))).group == stored
    assert (await office.client.PutGroup(pb.PutGroupRequest(group=stored))).group == stored


async def test_groups_are_listed_in_pages_and_deleted(office: Office) -> None:
    """By name; one without records can be deleted."""
    await office.client.PutGroup(pb.PutGroupRequest(group=_group()))
    first = await office.client.ListGroups(pb.ListGroupsRequest(page_size=1))
    rest = await office.client.ListGroups(pb.ListGroupsRequest(page_size=1, page_token=first.next_page_token))
    assert [each.name for each in (*first.groups, *rest.groups)] == ["attendanceGroups/1b", "attendanceGroups/2a"]
    assert rest.next_page_token == ""
    await office.client.DeleteGroup(pb.DeleteGroupRequest(name="attendanceGroups/2a"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await office.client.GetGroup(pb.GetGroupRequest(name="attendanceGroups/2a"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_repeated_request_is_one(office: Office) -> None:
    """The same id with another content is refused."""
    await office.client.PutGroup(pb.PutGroupRequest(group=_group(), request_id=REQUEST))
    await office.client.PutGroup(pb.PutGroupRequest(group=_group(), request_id=REQUEST))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await office.client.PutGroup(pb.PutGroupRequest(group=_group(country="CL"), request_id=REQUEST))
    assert refusal_of(refused.value).reason == "REQUEST_ID_REUSED"


async def test_a_roster_is_imported_and_listed_in_pages(office: Office) -> None:
    """A dry run counts only; members come back by person."""
    parent = "attendanceGroups/1b"
    members = [
        pb.Membership(person="people/ana", since="2026-03-02", until="2026-03-31"),
        pb.Membership(person="people/ben", since="2026-03-02"),
    ]
    asked = pb.ImportRosterRequest(parent=parent, memberships=members, replace=True, dry_run=True)
    assert (await office.client.ImportRoster(asked)).changed_count == 1
    asked.dry_run = False
    assert (await office.client.ImportRoster(asked)).changed_count == 1
    assert (await office.client.ImportRoster(asked)).changed_count == 0
    first = await office.client.ListRoster(pb.ListRosterRequest(parent=parent, page_size=1))
    token = first.next_page_token
    rest = await office.client.ListRoster(pb.ListRosterRequest(parent=parent, page_size=1, page_token=token))
    assert [*first.memberships, *rest.memberships] == members
    assert rest.next_page_token == ""


async def test_schedules_come_back_as_they_were_put(office: Office) -> None:
    """With every kind of exception."""
    whole = _schedule(
        last_day="2026-12-15",
        exceptions=[
            pb.ScheduleException(day="2026-03-10", canceled=True, note="paro"),
            pb.ScheduleException(day="2026-03-17", moved_to="2026-03-18", begins="08:15", ends="09:00", rooms=["b"]),
        ],
    )
    assert (await office.client.PutSchedule(pb.PutScheduleRequest(schedule=whole))).schedule == whole
    listed = await office.client.ListSchedules(pb.ListSchedulesRequest(parent="attendanceGroups/1b"))
    assert [each.name for each in listed.schedules] == ["attendanceSchedules/art", "attendanceSchedules/math"]
    assert listed.schedules[0] == whole


async def test_a_schedule_and_a_free_day_are_judged_without_being_stored(office: Office) -> None:
    """A dry run answers as if it stored them, and refuses what it would refuse."""
    canceled = pb.ScheduleException(day="2026-03-10", canceled=True)
    await office.client.PutSchedule(pb.PutScheduleRequest(schedule=_schedule(exceptions=[canceled])))
    moved = pb.ScheduleException(day="2026-03-17", moved_to="2026-03-18")
    asked = pb.PutScheduleRequest(schedule=_schedule(exceptions=[moved]), keep_exceptions=True, dry_run=True)
    assert list((await office.client.PutSchedule(asked)).schedule.exceptions) == [canceled, moved]
    listed = await office.client.ListSchedules(pb.ListSchedulesRequest(parent="attendanceGroups/1b"))
    assert list(listed.schedules[0].exceptions) == [canceled]
    free = pb.FreeDay(day="2026-05-11", display_name="Día del alumno")
    day = pb.PutFreeDayRequest(parent="attendanceGroups/1b", free_day=free, dry_run=True)
    assert list((await office.client.PutFreeDay(day)).group.free_days) == [free]
    group = (await office.client.GetGroup(pb.GetGroupRequest(name="attendanceGroups/1b"))).group
    assert list(group.free_days) == []


async def test_single_days_are_changed_by_themselves(office: Office) -> None:
    """An exception and a free day come back with everything else of the schedule and the group, once each."""
    canceled = pb.ScheduleException(day="2026-03-09", canceled=True, note="paro")
    asked = pb.PutScheduleExceptionRequest(parent="attendanceSchedules/math", exception=canceled)
    for _ in range(2):
        schedule = (await office.client.PutScheduleException(asked)).schedule
        assert (schedule.recurrence, list(schedule.exceptions)) == ("FREQ=WEEKLY;BYDAY=MO", [canceled])
    removal = pb.RemoveScheduleExceptionRequest(parent="attendanceSchedules/math", day="2026-03-09")
    answers = [await office.client.RemoveScheduleException(removal) for _ in range(2)]
    assert [(each.removed, len(each.schedule.exceptions)) for each in answers] == [(True, 0), (False, 0)]
    free = pb.FreeDay(day="2026-05-11", display_name="Día del alumno")
    group = (await office.client.PutFreeDay(pb.PutFreeDayRequest(parent="attendanceGroups/1b", free_day=free))).group
    assert (group.display_name, list(group.free_days)) == ("1° básico B", [free])
    freed = pb.RemoveFreeDayRequest(parent="attendanceGroups/1b", day="2026-05-11")
    lost = [await office.client.RemoveFreeDay(freed) for _ in range(2)]
    assert [(each.removed, len(each.group.free_days)) for each in lost] == [(True, 0), (False, 0)]


async def test_cameras_are_placed_and_moved(office: Office) -> None:
    """A placement ends, or is removed as never true."""
    asked = pb.CameraPlacement(camera="cameras/door", room="gym", start_time=time_to_proto(at(0)))
    placed = (await office.client.PlaceCamera(pb.PlaceCameraRequest(placement=asked))).placement
    ended = await office.client.EndPlacement(pb.EndPlacementRequest(name=placed.name, end_time=time_to_proto(at(60))))
    assert ended.placement.end_time == time_to_proto(at(60))
    listed = (await office.client.ListPlacements(pb.ListPlacementsRequest())).placements
    assert [each.room for each in listed] == ["a", "gym"]
    removed = await office.client.EndPlacement(pb.EndPlacementRequest(name=placed.name))
    assert not removed.HasField("placement")


async def test_a_view_is_accepted(office: Office) -> None:
    """From the server's time on; of a camera that is not registered there is none."""
    answer = await office.client.AcceptCameraView(pb.AcceptCameraViewRequest(camera="cameras/door"))
    assert answer.accept_time == time_to_proto(at(0))
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await office.client.AcceptCameraView(pb.AcceptCameraViewRequest(camera="cameras/attic"))
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


WRONG: list[tuple[str, Callable[[Any], Any], str]] = [
    ("name", lambda c: c.PutGroup(pb.PutGroupRequest(group=_group(name="groups/x"))), "group.name"),
    ("no name", lambda c: c.PutGroup(pb.PutGroupRequest(group=_group(display_name=" "))), "group.display_name"),
    ("zone", lambda c: c.PutGroup(pb.PutGroupRequest(group=_group(time_zone="Chile/North"))), "group.time_zone"),
    ("day", lambda c: c.PutGroup(pb.PutGroupRequest(group=_group(worked_days=["18-9"]))), "group.worked_days[0]"),
    (
        "two days",
        lambda c: c.PutGroup(
            pb.PutGroupRequest(group=_group(rules=pb.AttendanceRules(grace=Duration(seconds=172_800))))
        ),
        "group.rules.grace",
    ),
    (
        "similarity",
        lambda c: c.PutGroup(pb.PutGroupRequest(group=_group(rules=pb.AttendanceRules(sure_similarity=2)))),
        "group.rules.sure_similarity",
    ),
    ("time", lambda c: c.PutSchedule(pb.PutScheduleRequest(schedule=_schedule(begins="25:00"))), "schedule.begins"),
    ("rooms", lambda c: c.PutSchedule(pb.PutScheduleRequest(schedule=_schedule(rooms=[]))), "schedule.rooms"),
    ("room", lambda c: c.PutSchedule(pb.PutScheduleRequest(schedule=_schedule(rooms=["A 1"]))), "schedule.rooms[0]"),
    (
        "rule",
        lambda c: c.PutSchedule(pb.PutScheduleRequest(schedule=_schedule(recurrence="weekly"))),
        "schedule.recurrence",
    ),
    (
        "until",
        lambda c: c.ImportRoster(
            pb.ImportRosterRequest(
                parent="attendanceGroups/1b",
                memberships=[pb.Membership(person="people/ana", since="2026-03-02", until="2026-03-01")],
            )
        ),
        "memberships[0].until",
    ),
    ("accept", lambda c: c.AcceptCameraView(pb.AcceptCameraViewRequest(camera="door")), "camera"),
    (
        "no session",
        lambda c: c.PutScheduleException(
            pb.PutScheduleExceptionRequest(
                parent="attendanceSchedules/math", exception=pb.ScheduleException(day="2026-03-03", canceled=True)
            )
        ),
        "exception.day",
    ),
    (
        "exception",
        lambda c: c.PutScheduleException(
            pb.PutScheduleExceptionRequest(
                parent="attendanceSchedules/math", exception=pb.ScheduleException(day="2026-03-02", begins="8")
            )
        ),
        "exception.begins",
    ),
    (
        "free day",
        lambda c: c.PutFreeDay(
            pb.PutFreeDayRequest(parent="attendanceGroups/1b", free_day=pb.FreeDay(day="2026-05-11"))
        ),
        "free_day.display_name",
    ),
    (
        "day",
        lambda c: c.RemoveFreeDay(pb.RemoveFreeDayRequest(parent="attendanceGroups/1b", day="today")),
        "day",
    ),
    (
        "place",
        lambda c: c.PlaceCamera(pb.PlaceCameraRequest(placement=pb.CameraPlacement(camera="cameras/door"))),
        "placement.room",
    ),
]


@pytest.mark.parametrize(("ask", "field"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
async def test_what_is_wrong_is_named(office: Office, ask: Callable[[Any], Any], field: str) -> None:
    """Each refusal names the field."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await ask(office.client)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refusal_of(refused.value).fields == (field,)
