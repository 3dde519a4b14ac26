"""When a group meets: dated and recurring sessions by the clock on the wall, with their exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum

from portero_server.domain.attendance.holiday_calendar import NO_HOLIDAYS, HolidayCalendar
from portero_server.domain.attendance.recurrence import Recurrence
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.errors import InvalidInput

MOST_CHANGES = 400
"""Exceptions to one schedule, at most."""
_DAY = timedelta(days=1)
_LOOKED_AHEAD = timedelta(days=366)
_FARTHEST = timedelta(days=366 * 50)
"""How far from its first day a schedule is looked through for one day, which takes longer the farther it is."""


class SessionState(Enum):
    """Whether a session takes place."""

    HELD = "held"
    CANCELED = "canceled"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class AttendanceSession:
    """One time at which a group meets.

    Attributes:
        session_id: Schedule and day by the schedule; a session that is moved keeps it.
        day: On which it begins, in the group's time zone; the roster of this day is expected.
        span: From when until when (UTC).
        room_ids: Where; somebody may come to any of the rooms.
        note: The holiday's name, or what was said of the exception; may be empty.
    """

    session_id: str
    group_id: str
    day: date
    span: TimeSpan
    room_ids: tuple[str, ...]
    state: SessionState = SessionState.HELD
    note: str = ""


@dataclass(frozen=True, slots=True)
class SessionChange:
    """An exception to a schedule: one session that is canceled, moved, or held although the day is a holiday.

    Attributes:
        day: On which the session would begin by the schedule.
        canceled: Whether it does not take place.
        moved_to: On which day it begins instead; None: on its own.
        begins, ends: At what times instead; None: as by the schedule.
        room_ids: Where instead; None: as by the schedule.
        note: Why; may be empty.
    """

    day: date
    canceled: bool = False
    moved_to: date | None = None
    begins: time | None = None
    ends: time | None = None
    room_ids: tuple[str, ...] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When and where a group meets. Several sessions a day are several schedules.

    Times are those of the clock on the wall. A session that ends at or before its beginning ends on the next day. A
    time that the clock skips is counted with the offset before, and of a time that it shows twice the first is meant,
    as RFC 5545 has it. Where the end would then not be after the beginning, the session takes what its times are apart.

    Attributes:
        first_day: On which a dated session takes place, or from which on the recurrence counts.
        recurrence: On which days it recurs; None: it takes place once.
        last_day: Last day of the recurrence; None: it has no end.
        changes: Its exceptions, at most one a day; a change of a day that the schedule does not have changes nothing.

    Raises:
        InvalidInput: A time has a zone of its own, there is no room, the last day is before the first, or two changes
            are of one day.
    """

    schedule_id: str
    group_id: str
    room_ids: tuple[str, ...]
    zone: tzinfo
    first_day: date
    begins: time
    ends: time
    recurrence: Recurrence | None = None
    last_day: date | None = None
    changes: tuple[SessionChange, ...] = ()

    def __post_init__(self) -> None:
        times = (at for change in self.changes for at in (change.begins, change.ends) if at is not None)
        if any(at.tzinfo is not None for at in (self.begins, self.ends, *times)):
            raise InvalidInput("begins", "begins and ends must be times of the schedule's zone, without their own")
        if () in (self.room_ids, *(change.room_ids for change in self.changes)):
            raise InvalidInput("room_ids", "room_ids must name at least one room")
        if self.last_day is not None and self.last_day < self.first_day:
            raise InvalidInput("last_day", f"last_day must be {self.first_day} or later, and is {self.last_day}")
        if len({change.day for change in self.changes}) != len(self.changes):
            raise InvalidInput("changes", "changes must be of different days")

    def with_change(self, change: SessionChange) -> Schedule:
        """Returns the schedule with a change, new or in place of the one of its day.

        Raises:
            InvalidInput: No session begins on that day by the schedule, or there are too many changes.
        """
        following = self._first_from(change.day)
        if following != change.day:
            beside = "it has none later" if following is None else f"the next is {following}"
            message = (
                f"day must be one on which {self.schedule_id} begins by its schedule, and is {change.day}: {beside}"
            )
            raise InvalidInput("day", message)
        others = self.without_change(change.day).changes
        if len(others) >= MOST_CHANGES:
            raise InvalidInput("day", f"{self.schedule_id} has {MOST_CHANGES} exceptions already, and may have no more")
        return replace(self, changes=tuple(sorted((*others, change), key=lambda each: each.day)))

    def with_changes_of(self, earlier: Schedule) -> Schedule:
        """Returns the schedule with the changes of an earlier form of it, but for those of days that it changes itself.

        Raises:
            InvalidInput: There are too many changes together.
        """
        own = {change.day for change in self.changes}
        kept = [change for change in earlier.changes if change.day not in own]
        if len(kept) + len(own) > MOST_CHANGES:
            raise InvalidInput("changes", f"changes would be {len(kept) + len(own)}, and may be {MOST_CHANGES}")
        return replace(self, changes=tuple(sorted((*self.changes, *kept), key=lambda each: each.day))) if kept else self

    def without_change(self, day: date) -> Schedule:
        """Returns the schedule without the change of a day; itself if there is none."""
        others = tuple(each for each in self.changes if each.day != day)
        return self if len(others) == len(self.changes) else replace(self, changes=others)

    def _first_from(self, day: date) -> date | None:
        """Returns the first day, from `day` on, on which a session begins by the schedule; None: there is none soon."""
        if day - self.first_day > _FARTHEST:
            return None
        return next((each for each in _days(self, day + _LOOKED_AHEAD) if each >= day), None)


def sessions_between(
    schedule: Schedule,
    since: date,
    until: date,
    holidays: HolidayCalendar = NO_HOLIDAYS,
    *,
    held_on_holidays: bool = False,
) -> tuple[AttendanceSession, ...]:
    """Returns the sessions that begin from one day to another, both included, in order of their beginning.

    Those that do not take place are among them, with their state. A dated session takes place on a holiday too, and so
    does a recurring one with a change that does not cancel it: somebody has chosen that day.
    """
    changes = {change.day: change for change in schedule.changes}
    last = max((day for day in changes if changes[day].moved_to is not None), default=until)
    found = [
        _session(schedule, day, changes.get(day), None if held_on_holidays else holidays)
        for day in _days(schedule, max(until, last))
    ]
    return tuple(
        sorted(
            (each for each in found if since <= each.day <= until), key=lambda each: (each.span.start, each.session_id)
        )
    )


def _days(schedule: Schedule, until: date) -> Iterator[date]:
    if schedule.recurrence is None:
        yield schedule.first_day
    else:
        last = until if schedule.last_day is None else min(until, schedule.last_day)
        yield from schedule.recurrence.days(schedule.first_day, last)


def _session(
    schedule: Schedule, day: date, change: SessionChange | None, holidays: HolidayCalendar | None
) -> AttendanceSession:
    session_id = f"{schedule.schedule_id}/{day.isoformat()}"
    state, note = SessionState.HELD, ""
    begins, ends, room_ids, held_on = schedule.begins, schedule.ends, schedule.room_ids, day
    if change is not None:
        state = SessionState.CANCELED if change.canceled else SessionState.HELD
        note = change.note
        begins, ends = change.begins or begins, change.ends or ends
        room_ids, held_on = change.room_ids or room_ids, change.moved_to or day
    elif schedule.recurrence is not None and holidays is not None and (name := holidays.name_on(day)) is not None:
        state, note = SessionState.HOLIDAY, name
    span = _span(held_on, begins, ends, schedule.zone)
    return AttendanceSession(session_id, schedule.group_id, held_on, span, room_ids, state, note)


def _span(day: date, begins: time, ends: time, zone: tzinfo) -> TimeSpan:
    ends_on = day if ends > begins else day + _DAY
    start = _instant(day, begins, zone)
    end = _instant(ends_on, ends, zone)
    if end <= start:
        end = start + (datetime.combine(ends_on, ends) - datetime.combine(day, begins))
    return TimeSpan(start, end)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)
