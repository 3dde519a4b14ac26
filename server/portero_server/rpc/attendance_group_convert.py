"""Converts between groups, rosters, schedules and placements, and protobuf messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, time, timedelta
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from google.protobuf.duration_pb2 import Duration
from portero.v1 import attendance_group_service_pb2 as pb

from portero_server.domain.attendance.attendance_group import MOST_FREE_DAYS, AttendanceGroup
from portero_server.domain.attendance.groups import Membership, Placement
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.rules import DEFAULT_RULES, AttendanceRules, PresenceMeasure
from portero_server.domain.attendance.schedule import MOST_CHANGES, Schedule, SessionChange
from portero_server.errors import InvalidInput
from portero_server.rpc.convert import duration_from_proto, duration_to_proto, time_from_proto, time_to_proto
from portero_server.rpc.resource_names import (
    camera_name,
    checked_room,
    group_name,
    parse_camera,
    parse_group,
    parse_person,
    parse_schedule,
    person_name,
    placement_name,
    schedule_name,
)
from portero_server.store.attendance.rooms import PlacedCamera

_MEASURES = {each: pb.PresenceMeasure.Value(f"PRESENCE_MEASURE_{each.name}") for each in PresenceMeasure}
_MEASURES_BY_NUMBER = {number: each for each, number in _MEASURES.items()} | {0: PresenceMeasure.FIRST_TO_LAST}
_MOST_WORKED_DAYS = 400
_MOST_ROOMS = 20
_MOST_TEXT = 200
_DAY = timedelta(days=1)
_RuleName = Literal[
    "opens_before",
    "late_after",
    "absent_after",
    "leaves_before",
    "grace",
    "unseen_for",
    "minimum_presence",
    "half_day_below",
]
_Default = TypeVar("_Default", timedelta, timedelta | None)


def group_to_proto(group: AttendanceGroup) -> pb.AttendanceGroup:
    """Returns the AttendanceGroup message for a group."""
    return pb.AttendanceGroup(
        name=group_name(group.group_id),
        display_name=group.display_name,
        time_zone=group.zone,
        rules=_rules_to_proto(group.rules),
        country=group.country or "",
        region=group.region or "",
        free_days=[pb.FreeDay(day=day.isoformat(), display_name=name) for day, name in sorted(group.free_days.items())],
        worked_days=[day.isoformat() for day in sorted(group.worked_days)],
    )


def group_from_proto(message: pb.AttendanceGroup) -> AttendanceGroup:
    """Returns the group of a message. Raises InvalidInput naming the field that is wrong."""
    _limit(message.free_days, "group.free_days", MOST_FREE_DAYS)
    _limit(message.worked_days, "group.worked_days", _MOST_WORKED_DAYS)
    free = dict(free_day_from_proto(each, f"group.free_days[{place}]") for place, each in enumerate(message.free_days))
    worked = (day_from_proto(day, f"group.worked_days[{place}]") for place, day in enumerate(message.worked_days))
    with fields_of("group", zone="time_zone"):
        return AttendanceGroup(
            parse_group(message.name, "group.name"),
            checked_text(message.display_name, "group.display_name"),
            message.time_zone,
            _rules_from_proto(message.rules),
            message.country or None,
            message.region or None,
            free,
            frozenset(worked),
        )


def free_day_from_proto(message: pb.FreeDay, field: str) -> tuple[date, str]:
    """Returns the day of a message, and its name. Raises InvalidInput naming the field that is wrong."""
    return day_from_proto(message.day, f"{field}.day"), checked_text(message.display_name, f"{field}.display_name")


def membership_to_proto(membership: Membership) -> pb.Membership:
    """Returns the Membership message for a membership."""
    until = "" if membership.until is None else membership.until.isoformat()
    return pb.Membership(person=person_name(membership.person_id), since=membership.since.isoformat(), until=until)


def membership_from_proto(message: pb.Membership, field: str) -> Membership:
    """Returns the membership of a message. Raises InvalidInput naming the field that is wrong."""
    person_id = parse_person(message.person, f"{field}.person")
    since = day_from_proto(message.since, f"{field}.since")
    until = day_from_proto(message.until, f"{field}.until") if message.until else None
    if until is not None and until < since:
        raise InvalidInput(f"{field}.until", f"{field}.until must be {since} or later, and is {until}")
    return Membership(person_id, since, until)


def schedule_to_proto(schedule: Schedule) -> pb.AttendanceSchedule:
    """Returns the AttendanceSchedule message for a schedule."""
    return pb.AttendanceSchedule(
        name=schedule_name(schedule.schedule_id),
        group=group_name(schedule.group_id),
        rooms=schedule.room_ids,
        first_day=schedule.first_day.isoformat(),
        begins=_time_text(schedule.begins),
        ends=_time_text(schedule.ends),
        recurrence="" if schedule.recurrence is None else schedule.recurrence.rule,
        last_day="" if schedule.last_day is None else schedule.last_day.isoformat(),
        exceptions=[_exception_to_proto(each) for each in schedule.changes],
    )


def schedule_from_proto(message: pb.AttendanceSchedule, zone: ZoneInfo) -> Schedule:
    """Returns the schedule of a message, in the zone of its group. Raises InvalidInput naming the field."""
    _limit(message.exceptions, "schedule.exceptions", MOST_CHANGES)
    with fields_of("schedule", rule="recurrence", room_ids="rooms", changes="exceptions"):
        return Schedule(
            schedule_id=parse_schedule(message.name, "schedule.name"),
            group_id=parse_group(message.group, "schedule.group"),
            room_ids=_rooms(message.rooms, "schedule.rooms"),
            zone=zone,
            first_day=day_from_proto(message.first_day, "schedule.first_day"),
            begins=_time_of(message.begins, "schedule.begins"),
            ends=_time_of(message.ends, "schedule.ends"),
            recurrence=Recurrence(message.recurrence) if message.recurrence else None,
            last_day=day_from_proto(message.last_day, "schedule.last_day") if message.last_day else None,
            changes=tuple(
                exception_from_proto(each, f"schedule.exceptions[{place}]")
                for place, each in enumerate(message.exceptions)
            ),
        )


def exception_from_proto(message: pb.ScheduleException, field: str) -> SessionChange:
    """Returns the exception of a message. Raises InvalidInput naming the field that is wrong."""
    return SessionChange(
        day=day_from_proto(message.day, f"{field}.day"),
        canceled=message.canceled,
        moved_to=day_from_proto(message.moved_to, f"{field}.moved_to") if message.moved_to else None,
        begins=_time_of(message.begins, f"{field}.begins") if message.begins else None,
        ends=_time_of(message.ends, f"{field}.ends") if message.ends else None,
        room_ids=_rooms(message.rooms, f"{field}.rooms") if message.rooms else None,
        note=checked_text(message.note, f"{field}.note", least=0),
    )


def placement_to_proto(placed: PlacedCamera) -> pb.CameraPlacement:
    """Returns the CameraPlacement message for a placement."""
    placement = placed.placement
    return pb.CameraPlacement(
        name=placement_name(placed.placement_id),
        camera=camera_name(placement.camera_id),
        room=placement.room_id,
        start_time=None if placement.start is None else time_to_proto(placement.start),
        end_time=None if placement.end is None else time_to_proto(placement.end),
    )


def placement_from_proto(message: pb.CameraPlacement) -> Placement:
    """Returns the placement of a message. Raises InvalidInput naming the field that is wrong."""
    starts, ends = message.HasField("start_time"), message.HasField("end_time")
    with fields_of("placement", end="end_time"):
        return Placement(
            parse_camera(message.camera, "placement.camera"),
            checked_room(message.room, "placement.room"),
            time_from_proto(message.start_time, "placement.start_time") if starts else None,
            time_from_proto(message.end_time, "placement.end_time") if ends else None,
        )


def day_from_proto(text: str, field: str) -> date:
    """Returns the day of a text. Raises InvalidInput naming `field` when it is not one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # Other forms of ISO 8601 are the same day, and no two of them would be compared as one.
    if day is None or day.isoformat() != text or not 1970 <= day.year < 9999:
        raise InvalidInput(field, f"{field} must be a day as 2026-03-02, and is {text!r}")
    return day


def checked_text(text: str, field: str, *, least: int = 1) -> str:
    """Returns a text for people; raises InvalidInput naming `field` when it is too short or too long."""
    if not least <= len(text.strip()) or len(text) > _MOST_TEXT:
        raise InvalidInput(field, f"{field} must have {least} to {_MOST_TEXT} characters, and has {len(text)}")
    return text


@contextmanager
def fields_of(message: str, **names: str) -> Iterator[None]:
    """Names the message's field in errors of the domain, which knows its own names only; `names` where they differ."""
    try:
        yield
    except InvalidInput as error:
        if error.field.startswith(f"{message}."):
            raise
        field = f"{message}.{names.get(error.field, error.field)}"
        raise InvalidInput(field, f"{field}: {error.message}", reason=error.reason) from None


def _rules_to_proto(rules: AttendanceRules) -> pb.AttendanceRules:
    return pb.AttendanceRules(
        opens_before=duration_to_proto(rules.opens_before),
        late_after=duration_to_proto(rules.late_after),
        absent_after=None if rules.absent_after is None else duration_to_proto(rules.absent_after),
        leaves_before=None if rules.leaves_before is None else duration_to_proto(rules.leaves_before),
        ignore_early_leave=rules.leaves_before is None,
        grace=duration_to_proto(rules.grace),
        unseen_for=duration_to_proto(rules.unseen_for),
        minimum_presence=duration_to_proto(rules.minimum_presence),
        half_day_below=duration_to_proto(rules.half_day_below),
        sure_similarity=rules.sure_similarity,
        ignore_unclear_faces=not rules.heeds_unclear_faces,
        measure=_MEASURES[rules.measure],
        held_on_holidays=rules.held_on_holidays,
    )


def _rules_from_proto(message: pb.AttendanceRules) -> AttendanceRules:
    measure = _MEASURES_BY_NUMBER.get(message.measure)
    if measure is None:
        raise InvalidInput(
            "group.rules.measure", "group.rules.measure must be a PresenceMeasure that this server knows"
        )
    leaves_before = _short(message, "leaves_before", message.leaves_before, DEFAULT_RULES.leaves_before)
    with fields_of("group.rules"):
        return AttendanceRules(
            opens_before=_short(message, "opens_before", message.opens_before, DEFAULT_RULES.opens_before),
            late_after=_short(message, "late_after", message.late_after, DEFAULT_RULES.late_after),
            absent_after=_short(message, "absent_after", message.absent_after, None),
            leaves_before=None if message.ignore_early_leave else leaves_before,
            grace=_short(message, "grace", message.grace, DEFAULT_RULES.grace),
            unseen_for=_short(message, "unseen_for", message.unseen_for, DEFAULT_RULES.unseen_for),
            minimum_presence=_short(
                message, "minimum_presence", message.minimum_presence, DEFAULT_RULES.minimum_presence
            ),
            half_day_below=_short(message, "half_day_below", message.half_day_below, DEFAULT_RULES.half_day_below),
            sure_similarity=message.sure_similarity,
            heeds_unclear_faces=not message.ignore_unclear_faces,
            measure=measure,
            held_on_holidays=message.held_on_holidays,
        )


def _short(rules: pb.AttendanceRules, name: _RuleName, message: Duration, default: _Default) -> timedelta | _Default:
    if not rules.HasField(name):
        return default
    field = f"group.rules.{name}"
    duration = duration_from_proto(message, field)
    if not timedelta(0) <= duration <= _DAY:
        raise InvalidInput(field, f"{field} must be 0 s to {_DAY.total_seconds():.0f} s, and is {duration}")
    return duration


def _exception_to_proto(change: SessionChange) -> pb.ScheduleException:
    return pb.ScheduleException(
        day=change.day.isoformat(),
        canceled=change.canceled,
        moved_to="" if change.moved_to is None else change.moved_to.isoformat(),
        begins="" if change.begins is None else _time_text(change.begins),
        ends="" if change.ends is None else _time_text(change.ends),
        rooms=change.room_ids or (),
        note=change.note,
    )


def _rooms(rooms: Sequence[str], field: str) -> tuple[str, ...]:
    if not 1 <= len(rooms) <= _MOST_ROOMS:
        raise InvalidInput(field, f"{field} must hold 1 to {_MOST_ROOMS} rooms, and holds {len(rooms)}")
    return tuple(checked_room(room, f"{field}[{place}]") for place, room in enumerate(rooms))


def _time_of(text: str, field: str) -> time:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or _time_text(found) != text:
        raise InvalidInput(field, f"{field} must be a time of day as 08:30, and is {text!r}")
    return found


def _time_text(at: time) -> str:
    return at.isoformat(timespec="minutes")


def _limit(values: Sequence[object], field: str, most: int) -> None:
    if len(values) > most:
        raise InvalidInput(field, f"{field} must hold at most {most}, and holds {len(values)}")
