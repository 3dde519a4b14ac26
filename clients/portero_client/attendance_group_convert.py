"""Converts groups, rosters, schedules and placements from messages to dataclasses and back."""

from __future__ import annotations

from datetime import date, time, timedelta

from google.protobuf.duration_pb2 import Duration
from portero.v1 import attendance_group_service_pb2 as pb2

from portero_client.attendance_groups import (
    AttendanceGroup,
    AttendanceRules,
    AttendanceSchedule,
    CameraPlacement,
    Membership,
    PresenceMeasure,
    ScheduleException,
)
from portero_client.convert import time_from
from portero_client.names import ATTENDANCE_GROUPS, ATTENDANCE_SCHEDULES, PEOPLE

_MEASURES = {each: pb2.PresenceMeasure.Value(f"PRESENCE_MEASURE_{each.name}") for each in PresenceMeasure}
_MEASURES_BY_NUMBER = {number: each for each, number in _MEASURES.items()}


def group_from(message: pb2.AttendanceGroup) -> AttendanceGroup:
    """Returns an AttendanceGroup for a protobuf message."""
    return AttendanceGroup(
        name=message.name,
        display_name=message.display_name,
        time_zone=message.time_zone,
        rules=_rules_from(message.rules),
        country=message.country,
        region=message.region,
        free_days={date.fromisoformat(each.day): each.display_name for each in message.free_days},
        worked_days=tuple(map(date.fromisoformat, message.worked_days)),
    )


def group_to(group: AttendanceGroup) -> pb2.AttendanceGroup:
    """Returns the protobuf message of a group."""
    return pb2.AttendanceGroup(
        name=ATTENDANCE_GROUPS.name(group.name),
        display_name=group.display_name,
        time_zone=group.time_zone,
        rules=_rules_to(group.rules),
        country=group.country,
        region=group.region,
        free_days=[pb2.FreeDay(day=day.isoformat(), display_name=name) for day, name in group.free_days.items()],
        worked_days=[day.isoformat() for day in group.worked_days],
    )


def membership_from(message: pb2.Membership) -> Membership:
    """Returns a Membership for a protobuf message."""
    return Membership(message.person, date.fromisoformat(message.since), _day_from(message.until))


def membership_to(membership: Membership) -> pb2.Membership:
    """Returns the protobuf message of a membership."""
    return pb2.Membership(
        person=PEOPLE.name(membership.person), since=membership.since.isoformat(), until=_day_to(membership.until)
    )


def schedule_from(message: pb2.AttendanceSchedule) -> AttendanceSchedule:
    """Returns an AttendanceSchedule for a protobuf message."""
    return AttendanceSchedule(
        name=message.name,
        group=message.group,
        rooms=tuple(message.rooms),
        first_day=_day_from(message.first_day) or date.min,
        begins=_time_from(message.begins) or time.min,
        ends=_time_from(message.ends) or time.min,
        recurrence=message.recurrence,
        last_day=_day_from(message.last_day),
        exceptions=tuple(_exception_from(each) for each in message.exceptions),
    )


def schedule_to(schedule: AttendanceSchedule) -> pb2.AttendanceSchedule:
    """Returns the protobuf message of a schedule."""
    return pb2.AttendanceSchedule(
        name=ATTENDANCE_SCHEDULES.name(schedule.name),
        group=ATTENDANCE_GROUPS.name(schedule.group),
        rooms=schedule.rooms,
        first_day=schedule.first_day.isoformat(),
        begins=_time_to(schedule.begins),
        ends=_time_to(schedule.ends),
        recurrence=schedule.recurrence,
        last_day=_day_to(schedule.last_day),
        exceptions=[exception_to(each) for each in schedule.exceptions],
    )


def exception_to(exception: ScheduleException) -> pb2.ScheduleException:
    """Returns the protobuf message of an exception."""
    return pb2.ScheduleException(
        day=exception.day.isoformat(),
        canceled=exception.canceled,
        moved_to=_day_to(exception.moved_to),
        begins="" if exception.begins is None else _time_to(exception.begins),
        ends="" if exception.ends is None else _time_to(exception.ends),
        rooms=exception.rooms,
        note=exception.note,
    )


def placement_from(message: pb2.CameraPlacement) -> CameraPlacement:
    """Returns a CameraPlacement for a protobuf message."""
    return CameraPlacement(
        name=message.name,
        camera=message.camera,
        room=message.room,
        start_time=time_from(message.start_time) if message.HasField("start_time") else None,
        end_time=time_from(message.end_time) if message.HasField("end_time") else None,
    )


def _rules_from(message: pb2.AttendanceRules) -> AttendanceRules:
    return AttendanceRules(
        opens_before=_length(message.opens_before),
        late_after=_length(message.late_after),
        absent_after=_length(message.absent_after) if message.HasField("absent_after") else None,
        leaves_before=None if message.ignore_early_leave else _length(message.leaves_before),
        grace=_length(message.grace),
        unseen_for=_length(message.unseen_for),
        minimum_presence=_length(message.minimum_presence),
        half_day_below=_length(message.half_day_below),
        sure_similarity=message.sure_similarity,
        heeds_unclear_faces=not message.ignore_unclear_faces,
        measure=_MEASURES_BY_NUMBER.get(message.measure, PresenceMeasure.FIRST_TO_LAST),
        held_on_holidays=message.held_on_holidays,
    )


def _rules_to(rules: AttendanceRules) -> pb2.AttendanceRules:
    return pb2.AttendanceRules(
        opens_before=_duration(rules.opens_before),
        late_after=_duration(rules.late_after),
        absent_after=None if rules.absent_after is None else _duration(rules.absent_after),
        leaves_before=None if rules.leaves_before is None else _duration(rules.leaves_before),
        ignore_early_leave=rules.leaves_before is None,
        grace=_duration(rules.grace),
        unseen_for=_duration(rules.unseen_for),
        minimum_presence=_duration(rules.minimum_presence),
        half_day_below=_duration(rules.half_day_below),
        sure_similarity=rules.sure_similarity,
        ignore_unclear_faces=not rules.heeds_unclear_faces,
        measure=_MEASURES[rules.measure],
        held_on_holidays=rules.held_on_holidays,
    )


def _exception_from(message: pb2.ScheduleException) -> ScheduleException:
    return ScheduleException(
        day=date.fromisoformat(message.day),
        canceled=message.canceled,
        moved_to=_day_from(message.moved_to),
        begins=_time_from(message.begins),
        ends=_time_from(message.ends),
        rooms=tuple(message.rooms),
        note=message.note,
    )


def _day_from(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _day_to(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _time_from(text: str) -> time | None:
    return time.fromisoformat(text) if text else None


def _time_to(at: time) -> str:
    return at.isoformat(timespec="minutes")


def _length(message: Duration) -> timedelta:
    return message.ToTimedelta()


def _duration(length: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(length)
    return message
