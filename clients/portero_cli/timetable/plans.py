"""What becomes of the events of a timetable: schedules with exceptions, free days, and refusals.

A series is taken whole, or not at all: without one of its exceptions people would be expected when nobody meets.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from portero_cli.naming import id_of
from portero_cli.timetable.events import RefusedEvent, TimetableEvent, Unusable
from portero_cli.timetable.recurring import Series
from portero_cli.timetable.wall_clock import Span, span_of
from portero_client import AttendanceSchedule, InvalidArgument, ScheduleException
from portero_client.names import ATTENDANCE_SCHEDULES

_MOST_FREE_DAYS = 100
"""Of one event: a longer one is no holiday."""
_LONGEST_STEM = 48
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlannedSchedule:
    """A series or a single event with the events that stand for one of the series, and the schedule that they are."""

    event: TimetableEvent
    changes: tuple[TimetableEvent, ...]
    schedule: AttendanceSchedule


@dataclass(frozen=True, slots=True)
class PlannedFreeDays:
    """An all-day event, and the days that it makes free, with its title."""

    event: TimetableEvent
    days: tuple[date, ...]


Plan = PlannedSchedule | PlannedFreeDays | RefusedEvent


@dataclass(frozen=True, slots=True)
class Intake:
    """For whom a timetable is read, and how.

    Attributes:
        group: Id of the group.
        zone: The group's.
        rooms: Where all events are; none: each where its LOCATION says, as an id.
        free_days: Whether all-day events make free days; otherwise they are refused.
        known: Ids of the group's schedules: an event that was imported before keeps its schedule's.
    """

    group: str
    zone: ZoneInfo
    rooms: tuple[str, ...] = ()
    free_days: bool = False
    known: Collection[str] = ()


def plans_for(events: Sequence[TimetableEvent | RefusedEvent], intake: Intake) -> list[Plan]:
    """Returns what becomes of events, in the order of the file; those that stand for one of a series are with it."""
    changes: dict[str, list[TimetableEvent]] = defaultdict(list)
    refused: dict[str, int] = {}
    for each in events:
        if isinstance(each, RefusedEvent):
            refused.setdefault(each.uid, each.number)
        elif each.instead_of is not None:
            changes[each.uid].append(each)
    series: set[str] = set()
    plans: list[Plan] = []
    for event in events:
        if isinstance(event, RefusedEvent):
            plans.append(event)
        elif event.instead_of is None:
            own = [] if event.uid in series else changes.pop(event.uid, [])
            plans += _plans_of(event, own, intake, twice=event.uid in series, broken=refused.get(event.uid))
            series.add(event.uid)
    for uid, rest in changes.items():
        series_is = "that the file does not have" if uid not in refused else f"of which event {refused[uid]} is refused"
        plans += [refusal(each, "RECURRENCE-ID", f"it stands for one of a series {series_is}") for each in rest]
    return sorted(plans, key=_number)


def refusal(event: TimetableEvent, field: str, reason: str) -> RefusedEvent:
    """Returns the refusal of an event."""
    return RefusedEvent(event.number, event.uid, event.title, field, reason)


def _number(plan: Plan) -> int:
    return plan.number if isinstance(plan, RefusedEvent) else plan.event.number


def _plans_of(
    event: TimetableEvent, changes: Sequence[TimetableEvent], intake: Intake, *, twice: bool, broken: int | None
) -> Iterator[Plan]:
    """Yields the plan of an event, and refusals of those that stand for one of its series if it is refused."""
    try:
        if twice:
            raise Unusable("UID", "another event of the file has the same")
        if broken is not None:
            raise Unusable("RECURRENCE-ID", f"event {broken} of its series is refused, and a series is taken whole")
        if event.all_day:
            yield PlannedFreeDays(event, tuple(_free_days(event, changes, intake)))
        else:
            yield PlannedSchedule(event, tuple(changes), _schedule(event, changes, intake))
    except _OfChange as wrong:
        yield refusal(wrong.event, wrong.field, wrong.reason)
        of_series = f"event {wrong.event.number} of its series is refused, and a series is taken whole"
        others = (event, *(each for each in changes if each is not wrong.event))
        yield from (refusal(each, "RECURRENCE-ID", of_series) for each in others)
    except Unusable as wrong:
        yield refusal(event, wrong.field, wrong.reason)
        of_series = f"its series, event {event.number}, is refused"
        yield from (refusal(each, "RECURRENCE-ID", of_series) for each in changes)


def _free_days(event: TimetableEvent, changes: Sequence[TimetableEvent], intake: Intake) -> Iterator[date]:
    if not intake.free_days:
        raise Unusable("DTSTART", "it is of whole days: with --free-days it makes them free for the group")
    if event.rule or changes:
        raise Unusable("RRULE", "an all-day event that recurs cannot be taken; make each an event of its own")
    if event.canceled:
        raise Unusable("STATUS", "it is canceled")
    count = event.end.toordinal() - event.start.toordinal()
    if not 1 <= count <= _MOST_FREE_DAYS:
        raise Unusable("DTEND", f"it must be 1 to {_MOST_FREE_DAYS} days after DTSTART, and is {count}")
    yield from (event.start + number * _DAY for number in range(count))


def _schedule(event: TimetableEvent, changes: Sequence[TimetableEvent], intake: Intake) -> AttendanceSchedule:
    if event.canceled:
        raise Unusable("STATUS", "the whole series is canceled: remove it from the file, or end its schedule")
    span = span_of(event, intake.zone)
    series = Series.of(event, span, intake.zone)
    exceptions = {day: ScheduleException(day, canceled=True) for day in series.excluded()}
    rooms = _rooms(event, intake)
    for each in changes:
        with _of_change(each):
            exception = _exception(each, span, series, rooms, intake)
            if exception is not None:
                exceptions[exception.day] = exception
    return AttendanceSchedule(
        name=_schedule_id(event, intake),
        group=intake.group,
        rooms=rooms,
        first_day=span.day,
        begins=span.begins,
        ends=span.ends,
        recurrence=event.rule,
        last_day=series.last_day,
        exceptions=tuple(exceptions[day] for day in sorted(exceptions)),
    )


def _exception(
    change: TimetableEvent, usual: Span, series: Series, rooms: tuple[str, ...], intake: Intake
) -> ScheduleException | None:
    """Returns the exception that an event makes; None: only what attendance does not keep differs."""
    day = series.day_of(change)
    if change.canceled:
        return ScheduleException(day, canceled=True)
    span = span_of(change, intake.zone)
    own = rooms if intake.rooms or not change.location else _rooms(change, intake)
    found = ScheduleException(
        day,
        moved_to=None if span.day == day else span.day,
        begins=None if span.begins == usual.begins else span.begins,
        ends=None if span.ends == usual.ends else span.ends,
        rooms=() if own == rooms else own,
    )
    return None if found == ScheduleException(day) else found


def _rooms(event: TimetableEvent, intake: Intake) -> tuple[str, ...]:
    if intake.rooms:
        return intake.rooms
    if not event.location:
        raise Unusable("LOCATION", "it is missing: give the room with --room")
    try:
        return (id_of(event.location),)
    except InvalidArgument:
        raise Unusable("LOCATION", "no id of a room can be made of it: give the room with --room") from None


def _schedule_id(event: TimetableEvent, intake: Intake) -> str:
    """Returns the id of an event's schedule, readable and always the same for its UID in a group."""
    # The group is in it, since one calendar may be imported for several.
    key = hashlib.sha256(f"{intake.group}\n{event.uid}".encode()).hexdigest()[:10]
    known = (ATTENDANCE_SCHEDULES.identifier(each) for each in intake.known)
    if (earlier := next((each for each in known if each.endswith(f"-{key}")), None)) is not None:
        return earlier
    try:
        stem = id_of(event.title)[:_LONGEST_STEM].rstrip("-")
    except InvalidArgument:
        stem = "lesson"
    return f"{stem}-{key}"


class _OfChange(Unusable):
    """What is wrong with an event that stands for one of a series."""

    def __init__(self, event: TimetableEvent, wrong: Unusable) -> None:
        super().__init__(wrong.field, wrong.reason)
        self.event = event


@contextmanager
def _of_change(event: TimetableEvent) -> Iterator[None]:
    try:
        yield
    except Unusable as wrong:
        raise _OfChange(event, wrong) from None
