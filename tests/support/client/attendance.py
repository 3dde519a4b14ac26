"""AttendanceService and AttendanceGroupService with what a test puts in."""

from __future__ import annotations

from collections.abc import AsyncIterator, MutableSequence
from datetime import UTC, datetime
from typing import Any

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import attendance_group_service_pb2 as group_pb2
from portero.v1 import attendance_service_pb2 as pb2

from tests.support.client.wire import Refusal, StreamMethod, UnaryMethod, not_found

EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SESSION = "attendanceSessions/math/2026-03-02"


def stamp(minutes: float = 0) -> Timestamp:
    """Returns a time so many minutes after eight."""
    moment = Timestamp()
    moment.FromSeconds(round(EIGHT.timestamp() + 60 * minutes))
    return moment


def _begins_within(
    moment: Timestamp, request: pb2.ListAttendanceSessionsRequest | pb2.ListAttendanceRecordsRequest
) -> bool:
    begins = moment.ToNanoseconds()
    late_enough = not request.HasField("start_time") or begins >= request.start_time.ToNanoseconds()
    return late_enough and (not request.HasField("end_time") or begins < request.end_time.ToNanoseconds())


def _drop(days: MutableSequence[Any], day: str) -> bool:
    """Removes what is of a day, and returns whether there was any."""
    kept = [each for each in days if each.day != day]
    removed = len(kept) < len(days)
    del days[:]
    days.extend(kept)
    return removed


class FakeAttendance:
    """Keeps groups, sessions and records as they are put in, and what is said of them.

    Attributes:
        groups, schedules, placements: By name.
        rosters: By the group's name.
        imports, reports, watches: The requests of imports, reports and watches, as they came.
        sessions, records, changes, totals: As a test puts them in.
        corrections, excuses: By name.
    """

    def __init__(self) -> None:
        self.groups: dict[str, group_pb2.AttendanceGroup] = {}
        self.schedules: dict[str, group_pb2.AttendanceSchedule] = {}
        self.placements: dict[str, group_pb2.CameraPlacement] = {}
        self.rosters: dict[str, list[group_pb2.Membership]] = {}
        self.imports: list[group_pb2.ImportRosterRequest] = []
        self.reports: list[pb2.GetAttendanceReportRequest] = []
        self.watches: list[pb2.WatchAttendanceRequest] = []
        self.sessions: list[pb2.AttendanceSession] = []
        self.records: list[pb2.AttendanceRecord] = []
        self.changes: list[pb2.AttendanceChange] = []
        self.totals: list[pb2.AttendanceTotals] = []
        self.corrections: dict[str, pb2.AttendanceCorrection] = {}
        self.excuses: dict[str, pb2.AttendanceExcuse] = {}

    def hold_lesson(self) -> None:
        """Puts in a lesson of 1b to which Ana came late, and of which Ben's attendance is unproven."""
        self.sessions.append(
            pb2.AttendanceSession(
                name=SESSION,
                group="attendanceGroups/1b",
                day="2026-03-02",
                start_time=stamp(0),
                end_time=stamp(60),
                rooms=["a"],
                state=pb2.ATTENDANCE_SESSION_STATE_HELD,
                decide_time=stamp(62),
            )
        )
        usual = {
            "session": SESSION,
            "group": "attendanceGroups/1b",
            "session_start_time": stamp(0),
            "publish_time": stamp(62),
        }
        self.records += [
            pb2.AttendanceRecord(
                **usual,  # type: ignore[arg-type]  # fields of the message
                person="people/ana",
                status=pb2.ATTENDANCE_STATUS_LATE,
                reason=pb2.ATTENDANCE_REASON_CAME_LATE,
                decided_status=pb2.ATTENDANCE_STATUS_LATE,
                arrive_time=stamp(20),
                leave_time=stamp(60),
                present=Duration(seconds=2400),
                late=Duration(seconds=1200),
                credit=1.0,
                sightings=["sightings/s1"],
            ),
            pb2.AttendanceRecord(
                **usual,  # type: ignore[arg-type]  # fields of the message
                person="people/ben",
                status=pb2.ATTENDANCE_STATUS_UNPROVEN,
                reason=pb2.ATTENDANCE_REASON_NOT_WATCHED,
                decided_status=pb2.ATTENDANCE_STATUS_UNPROVEN,
                open_questions=[pb2.OPEN_QUESTION_PRESENCE],
                unproven=[
                    pb2.UnprovenSpan(start_time=stamp(5), end_time=stamp(9), causes=[pb2.UNPROVEN_CAUSE_GAP]),
                ],
            ),
        ]
        self.changes.append(
            pb2.AttendanceChange(
                session=SESSION,
                person="people/ana",
                old_status=pb2.ATTENDANCE_STATUS_ABSENT,
                new_status=pb2.ATTENDANCE_STATUS_LATE,
                cause=pb2.ATTENDANCE_CHANGE_CAUSE_SIGHTING,
                reference="s1",
                change_time=stamp(90),
            )
        )
        self.totals += [
            pb2.AttendanceTotals(
                person="people/ana",
                display_name="Ana Núñez",
                present_count=8,
                late_count=1,
                unproven_count=1,
                credit=9.0,
                percentage=100.0,
                lowest_percentage=90.0,
                highest_percentage=100.0,
                present=Duration(seconds=30_000),
                late=Duration(seconds=1200),
            ),
            pb2.AttendanceTotals(excused_count=2),
        ]

    def group_methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs of AttendanceGroupService by name."""
        return {
            "PutGroup": (group_pb2.PutGroupRequest, self._put_group),
            "GetGroup": (group_pb2.GetGroupRequest, self._get_group),
            "ListGroups": (group_pb2.ListGroupsRequest, self._list_groups),
            "DeleteGroup": (group_pb2.DeleteGroupRequest, self._delete_group),
            "PutFreeDay": (group_pb2.PutFreeDayRequest, self._put_free_day),
            "RemoveFreeDay": (group_pb2.RemoveFreeDayRequest, self._remove_free_day),
            "ImportRoster": (group_pb2.ImportRosterRequest, self._import_roster),
            "ListRoster": (group_pb2.ListRosterRequest, self._list_roster),
            "PutSchedule": (group_pb2.PutScheduleRequest, self._put_schedule),
            "ListSchedules": (group_pb2.ListSchedulesRequest, self._list_schedules),
            "PutScheduleException": (group_pb2.PutScheduleExceptionRequest, self._put_exception),
            "RemoveScheduleException": (group_pb2.RemoveScheduleExceptionRequest, self._remove_exception),
            "PlaceCamera": (group_pb2.PlaceCameraRequest, self._place),
            "EndPlacement": (group_pb2.EndPlacementRequest, self._end_placement),
            "AcceptCameraView": (group_pb2.AcceptCameraViewRequest, self._accept_view),
            "ListPlacements": (group_pb2.ListPlacementsRequest, self._list_placements),
        }

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the RPCs of AttendanceService by name."""
        return {
            "ListAttendanceSessions": (pb2.ListAttendanceSessionsRequest, self._list_sessions),
            "ListAttendanceRecords": (pb2.ListAttendanceRecordsRequest, self._list_records),
            "ListAttendanceChanges": (pb2.ListAttendanceChangesRequest, self._list_changes),
            "GetAttendanceReport": (pb2.GetAttendanceReportRequest, self._report),
            "CorrectAttendance": (pb2.CorrectAttendanceRequest, self._correct),
            "WithdrawAttendanceCorrection": (pb2.WithdrawAttendanceCorrectionRequest, self._uncorrect),
            "ListAttendanceCorrections": (pb2.ListAttendanceCorrectionsRequest, self._list_corrections),
            "ExcuseAttendance": (pb2.ExcuseAttendanceRequest, self._excuse),
            "WithdrawAttendanceExcuse": (pb2.WithdrawAttendanceExcuseRequest, self._unexcuse),
            "ListAttendanceExcuses": (pb2.ListAttendanceExcusesRequest, self._list_excuses),
        }

    def streams(self) -> dict[str, tuple[type, StreamMethod]]:
        """Returns the server streams of AttendanceService by name."""
        return {"WatchAttendance": (pb2.WatchAttendanceRequest, self._watch)}

    async def _watch(self, request: pb2.WatchAttendanceRequest) -> AsyncIterator[Message]:
        self.watches.append(request)
        yield pb2.WatchAttendanceResponse(position=request.after_position)
        for position, change in enumerate(self.changes, start=1):
            wanted = request.person in ("", change.person)
            if position > request.after_position and wanted:
                yield pb2.WatchAttendanceResponse(position=position, change=change)

    def _group(self, name: str) -> group_pb2.AttendanceGroup:
        if name not in self.groups:
            raise not_found(name)
        return self.groups[name]

    async def _put_group(self, request: group_pb2.PutGroupRequest) -> group_pb2.PutGroupResponse:
        self.groups[request.group.name] = request.group
        return group_pb2.PutGroupResponse(group=request.group)

    async def _get_group(self, request: group_pb2.GetGroupRequest) -> group_pb2.GetGroupResponse:
        return group_pb2.GetGroupResponse(group=self._group(request.name))

    async def _list_groups(self, request: group_pb2.ListGroupsRequest) -> group_pb2.ListGroupsResponse:
        return group_pb2.ListGroupsResponse(groups=self.groups.values())

    async def _delete_group(self, request: group_pb2.DeleteGroupRequest) -> group_pb2.DeleteGroupResponse:
        del self.groups[self._group(request.name).name]
        return group_pb2.DeleteGroupResponse()

    async def _put_free_day(self, request: group_pb2.PutFreeDayRequest) -> group_pb2.PutFreeDayResponse:
        group = group_pb2.AttendanceGroup()
        group.CopyFrom(self._group(request.parent))
        if not request.dry_run:
            group = self._group(request.parent)
        _drop(group.free_days, request.free_day.day)
        group.free_days.append(request.free_day)
        return group_pb2.PutFreeDayResponse(group=group)

    async def _remove_free_day(self, request: group_pb2.RemoveFreeDayRequest) -> group_pb2.RemoveFreeDayResponse:
        group = self._group(request.parent)
        return group_pb2.RemoveFreeDayResponse(removed=_drop(group.free_days, request.day), group=group)

    async def _import_roster(self, request: group_pb2.ImportRosterRequest) -> group_pb2.ImportRosterResponse:
        self._group(request.parent)
        self.imports.append(request)
        known = self.rosters.get(request.parent, [])
        if not request.dry_run:
            self.rosters[request.parent] = list(request.memberships)
        removed = len(known) if request.replace else 0
        return group_pb2.ImportRosterResponse(changed_count=len(request.memberships), removed_count=removed)

    async def _list_roster(self, request: group_pb2.ListRosterRequest) -> group_pb2.ListRosterResponse:
        return group_pb2.ListRosterResponse(memberships=self.rosters.get(request.parent, []))

    async def _put_schedule(self, request: group_pb2.PutScheduleRequest) -> group_pb2.PutScheduleResponse:
        schedule = request.schedule
        if "HOURLY" in schedule.recurrence:
            message = "rule must have a FREQ of DAILY, WEEKLY, MONTHLY, YEARLY"
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, message, field="schedule.recurrence")
        known = self.schedules.get(schedule.name)
        if request.keep_exceptions and known is not None:
            own = {each.day for each in schedule.exceptions}
            kept = [each for each in known.exceptions if each.day not in own]
            together = sorted((*schedule.exceptions, *kept), key=lambda each: each.day)
            del schedule.exceptions[:]
            schedule.exceptions.extend(together)
        if not request.dry_run:
            self.schedules[schedule.name] = schedule
        return group_pb2.PutScheduleResponse(schedule=schedule)

    async def _list_schedules(self, request: group_pb2.ListSchedulesRequest) -> group_pb2.ListSchedulesResponse:
        found = [each for each in self.schedules.values() if each.group == request.parent]
        return group_pb2.ListSchedulesResponse(schedules=found)

    async def _put_exception(
        self, request: group_pb2.PutScheduleExceptionRequest
    ) -> group_pb2.PutScheduleExceptionResponse:
        schedule = self._schedule(request.parent)
        _drop(schedule.exceptions, request.exception.day)
        schedule.exceptions.append(request.exception)
        return group_pb2.PutScheduleExceptionResponse(schedule=schedule)

    async def _remove_exception(
        self, request: group_pb2.RemoveScheduleExceptionRequest
    ) -> group_pb2.RemoveScheduleExceptionResponse:
        schedule = self._schedule(request.parent)
        removed = _drop(schedule.exceptions, request.day)
        return group_pb2.RemoveScheduleExceptionResponse(schedule=schedule, removed=removed)

    def _schedule(self, name: str) -> group_pb2.AttendanceSchedule:
        if name not in self.schedules:
            raise not_found(name)
        return self.schedules[name]

    async def _place(self, request: group_pb2.PlaceCameraRequest) -> group_pb2.PlaceCameraResponse:
        placed = request.placement
        placed.name = f"placements/p{len(self.placements) + 1}"
        self.placements[placed.name] = placed
        return group_pb2.PlaceCameraResponse(placement=placed)

    async def _end_placement(self, request: group_pb2.EndPlacementRequest) -> group_pb2.EndPlacementResponse:
        if request.name not in self.placements:
            raise not_found(request.name)
        if not request.HasField("end_time"):
            del self.placements[request.name]
            return group_pb2.EndPlacementResponse()
        self.placements[request.name].end_time.CopyFrom(request.end_time)
        return group_pb2.EndPlacementResponse(placement=self.placements[request.name])

    async def _accept_view(self, request: group_pb2.AcceptCameraViewRequest) -> group_pb2.AcceptCameraViewResponse:
        if all(each.camera != request.camera for each in self.placements.values()):
            raise not_found(request.camera)
        return group_pb2.AcceptCameraViewResponse(accept_time=stamp(5))

    async def _list_placements(self, request: group_pb2.ListPlacementsRequest) -> group_pb2.ListPlacementsResponse:
        return group_pb2.ListPlacementsResponse(placements=self.placements.values())

    async def _list_sessions(self, request: pb2.ListAttendanceSessionsRequest) -> pb2.ListAttendanceSessionsResponse:
        found = [
            each
            for each in self.sessions
            if request.group in ("", each.group) and _begins_within(each.start_time, request)
        ]
        return pb2.ListAttendanceSessionsResponse(sessions=found)

    async def _list_records(self, request: pb2.ListAttendanceRecordsRequest) -> pb2.ListAttendanceRecordsResponse:
        found = [
            each
            for each in self.records
            if request.session in ("", each.session)
            and request.person in ("", each.person)
            and request.group in ("", each.group)
            and _begins_within(each.session_start_time, request)
        ]
        return pb2.ListAttendanceRecordsResponse(records=found)

    async def _list_changes(self, request: pb2.ListAttendanceChangesRequest) -> pb2.ListAttendanceChangesResponse:
        return pb2.ListAttendanceChangesResponse(changes=self.changes)

    async def _report(self, request: pb2.GetAttendanceReportRequest) -> pb2.GetAttendanceReportResponse:
        self.reports.append(request)
        found = [each for each in self.totals if request.person in ("", each.person)]
        return pb2.GetAttendanceReportResponse(totals=found, report_time=stamp(600))

    async def _correct(self, request: pb2.CorrectAttendanceRequest) -> pb2.CorrectAttendanceResponse:
        said = pb2.AttendanceCorrection(
            name=f"attendanceCorrections/k{len(self.corrections) + 1}",
            session=request.session,
            person=request.person,
            status=request.status,
            reason=request.reason,
            corrected_by="teacher",
            correct_time=stamp(90),
        )
        self.corrections[said.name] = said
        return pb2.CorrectAttendanceResponse(correction=said)

    async def _uncorrect(
        self, request: pb2.WithdrawAttendanceCorrectionRequest
    ) -> pb2.WithdrawAttendanceCorrectionResponse:
        if request.name not in self.corrections:
            raise not_found(request.name)
        self.corrections[request.name].withdraw_time.CopyFrom(stamp(95))
        return pb2.WithdrawAttendanceCorrectionResponse(correction=self.corrections[request.name])

    async def _list_corrections(
        self, request: pb2.ListAttendanceCorrectionsRequest
    ) -> pb2.ListAttendanceCorrectionsResponse:
        return pb2.ListAttendanceCorrectionsResponse(corrections=self.corrections.values())

    async def _excuse(self, request: pb2.ExcuseAttendanceRequest) -> pb2.ExcuseAttendanceResponse:
        said = pb2.AttendanceExcuse(
            name=f"attendanceExcuses/x{len(self.excuses) + 1}",
            person=request.person,
            start_time=request.start_time,
            end_time=request.end_time,
            reason=request.reason,
            excused_by="office",
            excuse_time=stamp(90),
        )
        self.excuses[said.name] = said
        return pb2.ExcuseAttendanceResponse(excuse=said)

    async def _unexcuse(self, request: pb2.WithdrawAttendanceExcuseRequest) -> pb2.WithdrawAttendanceExcuseResponse:
        if request.name not in self.excuses:
            raise not_found(request.name)
        self.excuses[request.name].withdraw_time.CopyFrom(stamp(95))
        return pb2.WithdrawAttendanceExcuseResponse(excuse=self.excuses[request.name])

    async def _list_excuses(self, request: pb2.ListAttendanceExcusesRequest) -> pb2.ListAttendanceExcusesResponse:
        return pb2.ListAttendanceExcusesResponse(excuses=self.excuses.values())
