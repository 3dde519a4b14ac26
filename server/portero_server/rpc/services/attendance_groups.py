"""Implements AttendanceGroupService: who attends together, when and where."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from portero.v1 import attendance_group_service_pb2 as pb
from portero.v1 import attendance_group_service_pb2_grpc

from portero_server.domain.people.people import checked_request_id
from portero_server.errors import InvalidInput
from portero_server.rpc.attendance_group_convert import (
    day_from_proto,
    exception_from_proto,
    fields_of,
    free_day_from_proto,
    group_from_proto,
    group_to_proto,
    membership_from_proto,
    membership_to_proto,
    placement_from_proto,
    placement_to_proto,
    schedule_from_proto,
    schedule_to_proto,
)
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.convert import time_from_proto, time_to_proto
from portero_server.rpc.paging import Listing, checked_page_size, cut, malformed_token
from portero_server.rpc.requests import Context, content_digest
from portero_server.rpc.resource_names import parse_camera, parse_group, parse_placement, parse_schedule
from portero_server.store.attendance.days import AttendanceDayStore
from portero_server.store.attendance.groups import AttendanceGroupStore
from portero_server.store.attendance.rooms import RoomStore
from portero_server.store.attendance.views import ViewStore

_MOST_MEMBERSHIPS = 5000


class AttendanceGroupServicer(attendance_group_service_pb2_grpc.AttendanceGroupServiceServicer):
    """Keeps groups, rosters, schedules and placements."""

    def __init__(
        self,
        groups: AttendanceGroupStore,
        days: AttendanceDayStore,
        rooms: RoomStore,
        views: ViewStore,
        scope: AttendanceScope,
    ) -> None:
        self._groups = groups
        self._days = days
        self._rooms = rooms
        self._views = views
        self._scope = scope

    async def PutGroup(self, request: pb.PutGroupRequest, context: Context) -> pb.PutGroupResponse:
        """Stores a group."""
        asked = checked_request_id(request.request_id)
        digest = None if asked is None else content_digest("PutGroup", request)
        group = await self._groups.put_group(group_from_proto(request.group), asked, digest)
        return pb.PutGroupResponse(group=group_to_proto(group))

    async def GetGroup(self, request: pb.GetGroupRequest, context: Context) -> pb.GetGroupResponse:
        """Returns a group."""
        group_id = parse_group(request.name, "name")
        await self._scope.require_group(group_id)
        group = await self._groups.group(group_id)
        return pb.GetGroupResponse(group=group_to_proto(group))

    async def ListGroups(self, request: pb.ListGroupsRequest, context: Context) -> pb.ListGroupsResponse:
        """Lists groups."""
        size = checked_page_size(request.page_size)
        listing = Listing("attendanceGroups")
        cursor = listing.cursor(request.page_token, parts=1)
        after, scope = cursor[0] if cursor else None, self._scope.current
        page, last = cut(await self._groups.groups(size + 1, after, scope=scope), size)
        return pb.ListGroupsResponse(
            groups=[group_to_proto(group) for group in page],
            next_page_token=listing.token([last.group_id]) if last else "",
        )

    async def DeleteGroup(self, request: pb.DeleteGroupRequest, context: Context) -> pb.DeleteGroupResponse:
        """Removes a group."""
        await self._groups.delete_group(parse_group(request.name, "name"))
        return pb.DeleteGroupResponse()

    async def PutFreeDay(self, request: pb.PutFreeDayRequest, context: Context) -> pb.PutFreeDayResponse:
        """Stores a free day of a group."""
        group_id = parse_group(request.parent, "parent")
        day, name = free_day_from_proto(request.free_day, "free_day")
        with fields_of("free_day"):
            group = await self._days.put_free_day(group_id, day, name, dry_run=request.dry_run)
        return pb.PutFreeDayResponse(group=group_to_proto(group))

    async def RemoveFreeDay(self, request: pb.RemoveFreeDayRequest, context: Context) -> pb.RemoveFreeDayResponse:
        """Removes a free day of a group."""
        day = day_from_proto(request.day, "day")
        group, removed = await self._days.remove_free_day(parse_group(request.parent, "parent"), day)
        return pb.RemoveFreeDayResponse(group=group_to_proto(group), removed=removed)

    async def ImportRoster(self, request: pb.ImportRosterRequest, context: Context) -> pb.ImportRosterResponse:
        """Stores memberships of a group."""
        if not len(request.memberships) <= _MOST_MEMBERSHIPS:
            raise InvalidInput("memberships", f"memberships must hold at most {_MOST_MEMBERSHIPS}")
        wanted = [
            membership_from_proto(each, f"memberships[{place}]") for place, each in enumerate(request.memberships)
        ]
        group_id = parse_group(request.parent, "parent")
        changed, removed = await self._groups.put_roster(
            group_id, wanted, replace=request.replace, dry_run=request.dry_run
        )
        return pb.ImportRosterResponse(changed_count=changed, removed_count=removed)

    async def ListRoster(self, request: pb.ListRosterRequest, context: Context) -> pb.ListRosterResponse:
        """Lists who belongs to a group."""
        size = checked_page_size(request.page_size)
        listing = Listing("roster", (request.parent,))
        after = _place(listing.cursor(request.page_token, parts=2))
        group_id = parse_group(request.parent, "parent")
        await self._scope.require_group(group_id)
        roster = await self._groups.roster(group_id)
        rest = [each for each in roster if after is None or (each.person_id, each.since) > after]
        page, last = cut(rest, size)
        return pb.ListRosterResponse(
            memberships=[membership_to_proto(each) for each in page],
            next_page_token=listing.token([last.person_id, last.since.isoformat()]) if last else "",
        )

    async def PutSchedule(self, request: pb.PutScheduleRequest, context: Context) -> pb.PutScheduleResponse:
        """Stores a schedule."""
        group = await self._groups.group(parse_group(request.schedule.group, "schedule.group"))
        schedule = schedule_from_proto(request.schedule, ZoneInfo(group.zone))
        with fields_of("schedule", changes="exceptions"):
            stored = await self._groups.put_schedule(
                schedule, keep_exceptions=request.keep_exceptions, dry_run=request.dry_run
            )
        return pb.PutScheduleResponse(schedule=schedule_to_proto(stored))

    async def ListSchedules(self, request: pb.ListSchedulesRequest, context: Context) -> pb.ListSchedulesResponse:
        """Lists the schedules of a group."""
        group_id = parse_group(request.parent, "parent")
        await self._scope.require_group(group_id)
        schedules = await self._groups.schedules(group_id)
        return pb.ListSchedulesResponse(schedules=[schedule_to_proto(each) for each in schedules])

    async def PutScheduleException(
        self, request: pb.PutScheduleExceptionRequest, context: Context
    ) -> pb.PutScheduleExceptionResponse:
        """Stores an exception to a schedule."""
        schedule_id = parse_schedule(request.parent, "parent")
        change = exception_from_proto(request.exception, "exception")
        with fields_of("exception"):
            schedule = await self._days.put_exception(schedule_id, change)
        return pb.PutScheduleExceptionResponse(schedule=schedule_to_proto(schedule))

    async def RemoveScheduleException(
        self, request: pb.RemoveScheduleExceptionRequest, context: Context
    ) -> pb.RemoveScheduleExceptionResponse:
        """Removes an exception to a schedule."""
        day = day_from_proto(request.day, "day")
        schedule, removed = await self._days.remove_exception(parse_schedule(request.parent, "parent"), day)
        return pb.RemoveScheduleExceptionResponse(schedule=schedule_to_proto(schedule), removed=removed)

    async def PlaceCamera(self, request: pb.PlaceCameraRequest, context: Context) -> pb.PlaceCameraResponse:
        """Stores that a camera watches a room."""
        placed = await self._rooms.place(placement_from_proto(request.placement))
        return pb.PlaceCameraResponse(placement=placement_to_proto(placed))

    async def EndPlacement(self, request: pb.EndPlacementRequest, context: Context) -> pb.EndPlacementResponse:
        """Ends a placement, or removes it."""
        end = time_from_proto(request.end_time, "end_time") if request.HasField("end_time") else None
        placed = await self._rooms.end_placement(parse_placement(request.name, "name"), end)
        return pb.EndPlacementResponse(placement=None if placed is None else placement_to_proto(placed))

    async def AcceptCameraView(
        self, request: pb.AcceptCameraViewRequest, context: Context
    ) -> pb.AcceptCameraViewResponse:
        """Stores that the view which a camera has now is the one it should have."""
        accepted = await self._views.accept(parse_camera(request.camera, "camera"))
        return pb.AcceptCameraViewResponse(accept_time=time_to_proto(accepted))

    async def ListPlacements(self, request: pb.ListPlacementsRequest, context: Context) -> pb.ListPlacementsResponse:
        """Lists which cameras watch which rooms."""
        return pb.ListPlacementsResponse(
            placements=[placement_to_proto(each) for each in await self._rooms.placements()]
        )


def _place(cursor: tuple[str, ...] | None) -> tuple[str, date] | None:
    if cursor is None:
        return None
    try:
        return cursor[0], date.fromisoformat(cursor[1])
    except ValueError:
        raise malformed_token() from None
