"""The calls of AttendanceGroupService."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from portero.v1 import attendance_group_service_pb2 as pb2

from portero_client import attendance_group_convert as convert
from portero_client.attendance_groups import (
    AttendanceGroup,
    AttendanceSchedule,
    CameraPlacement,
    Membership,
    RosterImport,
    ScheduleException,
)
from portero_client.calls.base import Call, Page, PageCall, unary
from portero_client.convert import time_from, time_to
from portero_client.names import ATTENDANCE_GROUPS, ATTENDANCE_SCHEDULES, CAMERAS, PLACEMENTS

_SERVICE = "/portero.v1.AttendanceGroupService/"


def put(group: AttendanceGroup) -> Call[AttendanceGroup]:
    """Stores a group."""
    return unary(
        _SERVICE + "PutGroup",
        pb2.PutGroupRequest(group=convert.group_to(group), request_id=str(uuid4())),
        pb2.PutGroupResponse,
        lambda answer: convert.group_from(answer.group),
    )


def get(group: str) -> Call[AttendanceGroup]:
    """Returns a group."""
    return unary(
        _SERVICE + "GetGroup",
        pb2.GetGroupRequest(name=ATTENDANCE_GROUPS.name(group)),
        pb2.GetGroupResponse,
        lambda answer: convert.group_from(answer.group),
    )


def list_pages() -> PageCall[AttendanceGroup]:
    """Lists groups."""

    def page(page_size: int, page_token: str) -> Call[Page[AttendanceGroup]]:
        return unary(
            _SERVICE + "ListGroups",
            pb2.ListGroupsRequest(page_size=page_size, page_token=page_token),
            pb2.ListGroupsResponse,
            lambda answer: Page(tuple(map(convert.group_from, answer.groups)), answer.next_page_token),
        )

    return page


def delete(group: str) -> Call[None]:
    """Removes a group."""
    return unary(
        _SERVICE + "DeleteGroup",
        pb2.DeleteGroupRequest(name=ATTENDANCE_GROUPS.name(group)),
        pb2.DeleteGroupResponse,
        lambda answer: None,
    )


def put_free_day(group: str, day: date, display_name: str, *, dry_run: bool = False) -> Call[AttendanceGroup]:
    """Stores a free day of a group."""
    return unary(
        _SERVICE + "PutFreeDay",
        pb2.PutFreeDayRequest(
            parent=ATTENDANCE_GROUPS.name(group),
            free_day=pb2.FreeDay(day=day.isoformat(), display_name=display_name),
            dry_run=dry_run,
        ),
        pb2.PutFreeDayResponse,
        lambda answer: convert.group_from(answer.group),
    )


def remove_free_day(group: str, day: date) -> Call[bool]:
    """Removes a free day of a group; returns whether it was one."""
    return unary(
        _SERVICE + "RemoveFreeDay",
        pb2.RemoveFreeDayRequest(parent=ATTENDANCE_GROUPS.name(group), day=day.isoformat()),
        pb2.RemoveFreeDayResponse,
        lambda answer: answer.removed,
    )


def import_roster(group: str, memberships: Sequence[Membership], *, replace: bool, dry_run: bool) -> Call[RosterImport]:
    """Stores memberships of a group."""
    return unary(
        _SERVICE + "ImportRoster",
        pb2.ImportRosterRequest(
            parent=ATTENDANCE_GROUPS.name(group),
            memberships=[convert.membership_to(each) for each in memberships],
            replace=replace,
            dry_run=dry_run,
        ),
        pb2.ImportRosterResponse,
        lambda answer: RosterImport(answer.changed_count, answer.removed_count),
    )


def roster_pages(group: str) -> PageCall[Membership]:
    """Lists who belongs to a group."""

    def page(page_size: int, page_token: str) -> Call[Page[Membership]]:
        return unary(
            _SERVICE + "ListRoster",
            pb2.ListRosterRequest(parent=ATTENDANCE_GROUPS.name(group), page_size=page_size, page_token=page_token),
            pb2.ListRosterResponse,
            lambda answer: Page(tuple(map(convert.membership_from, answer.memberships)), answer.next_page_token),
        )

    return page


def put_schedule(
    schedule: AttendanceSchedule, *, keep_exceptions: bool = False, dry_run: bool = False
) -> Call[AttendanceSchedule]:
    """Stores a schedule."""
    return unary(
        _SERVICE + "PutSchedule",
        pb2.PutScheduleRequest(
            schedule=convert.schedule_to(schedule), keep_exceptions=keep_exceptions, dry_run=dry_run
        ),
        pb2.PutScheduleResponse,
        lambda answer: convert.schedule_from(answer.schedule),
    )


def schedules(group: str) -> Call[tuple[AttendanceSchedule, ...]]:
    """Returns the schedules of a group."""
    return unary(
        _SERVICE + "ListSchedules",
        pb2.ListSchedulesRequest(parent=ATTENDANCE_GROUPS.name(group)),
        pb2.ListSchedulesResponse,
        lambda answer: tuple(map(convert.schedule_from, answer.schedules)),
    )


def put_exception(schedule: str, exception: ScheduleException) -> Call[AttendanceSchedule]:
    """Stores an exception to a schedule."""
    return unary(
        _SERVICE + "PutScheduleException",
        pb2.PutScheduleExceptionRequest(
            parent=ATTENDANCE_SCHEDULES.name(schedule), exception=convert.exception_to(exception)
        ),
        pb2.PutScheduleExceptionResponse,
        lambda answer: convert.schedule_from(answer.schedule),
    )


def remove_exception(schedule: str, day: date) -> Call[bool]:
    """Removes the exception of a day; returns whether there was one."""
    return unary(
        _SERVICE + "RemoveScheduleException",
        pb2.RemoveScheduleExceptionRequest(parent=ATTENDANCE_SCHEDULES.name(schedule), day=day.isoformat()),
        pb2.RemoveScheduleExceptionResponse,
        lambda answer: answer.removed,
    )


def place_camera(camera: str, room: str, start: datetime | None, end: datetime | None) -> Call[CameraPlacement]:
    """Stores that a camera watches a room."""
    placement = pb2.CameraPlacement(
        camera=CAMERAS.name(camera),
        room=room,
        start_time=None if start is None else time_to(start),
        end_time=None if end is None else time_to(end),
    )
    return unary(
        _SERVICE + "PlaceCamera",
        pb2.PlaceCameraRequest(placement=placement),
        pb2.PlaceCameraResponse,
        lambda answer: convert.placement_from(answer.placement),
    )


def end_placement(placement: str, end: datetime | None) -> Call[CameraPlacement | None]:
    """Ends a placement, or removes it."""
    return unary(
        _SERVICE + "EndPlacement",
        pb2.EndPlacementRequest(name=PLACEMENTS.name(placement), end_time=None if end is None else time_to(end)),
        pb2.EndPlacementResponse,
        lambda answer: convert.placement_from(answer.placement) if answer.HasField("placement") else None,
    )


def accept_camera_view(camera: str) -> Call[datetime]:
    """Stores that the view which a camera has now is the one it should have."""
    return unary(
        _SERVICE + "AcceptCameraView",
        pb2.AcceptCameraViewRequest(camera=CAMERAS.name(camera)),
        pb2.AcceptCameraViewResponse,
        lambda answer: time_from(answer.accept_time),
    )


def placements() -> Call[tuple[CameraPlacement, ...]]:
    """Returns which cameras watch which rooms."""
    return unary(
        _SERVICE + "ListPlacements",
        pb2.ListPlacementsRequest(),
        pb2.ListPlacementsResponse,
        lambda answer: tuple(map(convert.placement_from, answer.placements)),
    )
