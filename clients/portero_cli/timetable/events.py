"""Reads the events of an iCalendar file, each usable or refused with the property that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portero_client import InvalidArgument

Moment = datetime | date
"""A time of the clock on the wall if it has no zone; a date: all day."""

_READ = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "UID", "STATUS")
_UNREADABLE = (ValueError, LookupError, OSError, AttributeError, TypeError, ArithmeticError)
"""What icalendar raises: beside ValueError, which it documents, what a zone named "America" or twice comes to."""
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=366)
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
"""Years in which clocks of any zone, and the days around, can be computed."""


@dataclass(frozen=True, slots=True)
class TimetableEvent:
    """An event of a file.

    Attributes:
        number: Its place among the events of the file, from 1.
        uid, title, location: As the file says; title and location may be empty.
        start, end: From when until when; of an all-day event both are dates, and the end is the day after.
        rule: The RRULE without its end; empty: it takes place once.
        until: The end of the RRULE; None: it has none, or a COUNT.
        excluded: What EXDATE excludes.
        instead_of: Which one of a series it stands for (RECURRENCE-ID); None: it is a series, or a single event.
        canceled: Whether its status says so.
    """

    number: int
    uid: str
    title: str
    location: str
    start: Moment
    end: Moment
    rule: str = ""
    until: Moment | None = None
    excluded: tuple[Moment, ...] = ()
    instead_of: Moment | None = None
    canceled: bool = False

    @property
    def all_day(self) -> bool:
        """Whether it is of whole days."""
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """An event that cannot be taken: the property that is wrong, and why."""

    number: int
    uid: str
    title: str
    field: str
    reason: str


class Unusable(Exception):
    """A property of an event that cannot be used, and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def read_events(data: bytes, name: str) -> list[TimetableEvent | RefusedEvent]:
    """Returns the events of a file in its order.

    Args:
        data: The file.
        name: Name of the file, for messages.

    Raises:
        InvalidArgument: It is not an iCalendar file, or has no event; or the package that reads them is missing.
    """
    try:
        from icalendar import Calendar
    except ImportError:
        raise InvalidArgument(
            "the package that reads calendars is missing: pip install 'portero[timetables]'",
            field="file",
            reason="NO_TIMETABLES",
        ) from None
    try:
        calendars = Calendar.from_ical(data, multiple=True)
    except _UNREADABLE as error:
        raise _bad(f"{name} is not an iCalendar file: {error}") from None
    found = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if not found:
        raise _bad(f"{name} has no event: it needs a VCALENDAR with a VEVENT for each lesson")
    return [_event(number, each) for number, each in enumerate(found, start=1)]


def _event(number: int, event: Any) -> TimetableEvent | RefusedEvent:
    uid, title = _text(event, "UID"), _text(event, "SUMMARY")
    try:
        return _usable(number, uid, title, event)
    except Unusable as wrong:
        return RefusedEvent(number, uid, title, wrong.field, wrong.reason)


def _usable(number: int, uid: str, title: str, event: Any) -> TimetableEvent:
    for field, reason in event.errors:
        if field in _READ:
            raise Unusable(field, reason)
    if not uid:
        raise Unusable("UID", "it is missing, so that a second import could not know the event again")
    if "RDATE" in event:
        raise Unusable("RDATE", "further dates cannot be taken; make each an event of its own")
    start = _moment(event, "DTSTART")
    if start is None:
        raise Unusable("DTSTART", "it is missing")
    rule, until = _recurrence(event)
    return TimetableEvent(
        number,
        uid,
        title,
        _text(event, "LOCATION"),
        start,
        _end(event, start),
        rule,
        until,
        tuple(_excluded(event)),
        _instead_of(event),
        _text(event, "STATUS").upper() == "CANCELLED",
    )


def _text(event: Any, field: str) -> str:
    value = event.get(field, "")
    # A property that is there twice is a list: the first one counts.
    return str(value[0] if isinstance(value, list) else value).strip()


def _moment(event: Any, field: str) -> Moment | None:
    value = event.get(field)
    if value is None:
        return None
    if isinstance(value, list):
        raise Unusable(field, "it is there more than once")
    return _known(value.dt, value.params.get("TZID"), field)


def _known(moment: Any, zone: str | None, field: str) -> Moment:
    if not isinstance(moment, date):
        raise Unusable(field, "it must be a date, or a date with a time")
    if zone is not None and isinstance(moment, datetime) and moment.tzinfo is None:
        raise Unusable(field, f"its time zone {zone!r} is not known")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise Unusable(field, f"its year must be {_FIRST_YEAR} to {_LAST_YEAR}, and is {moment.year}")
    return moment


def _end(event: Any, start: Moment) -> Moment:
    end = _moment(event, "DTEND")
    duration = event.get("DURATION")
    if end is not None and isinstance(end, datetime) != isinstance(start, datetime):
        raise Unusable("DTEND", "it must have a time if DTSTART has one, and none otherwise")
    if end is not None:
        return end
    if isinstance(duration, list):
        raise Unusable("DURATION", "it is there more than once")
    if duration is not None:
        length: timedelta = duration.dt
        if not timedelta(0) < length <= _LONGEST:
            raise Unusable("DURATION", f"it must be up to {_LONGEST.days} days, and is {length}")
        return start + length
    if isinstance(start, datetime):
        raise Unusable("DTEND", "it is missing, and so is DURATION")
    return start + _DAY


def _recurrence(event: Any) -> tuple[str, Moment | None]:
    rule = event.get("RRULE")
    if rule is None:
        return "", None
    if isinstance(rule, list) or "EXRULE" in event:
        raise Unusable("RRULE", "an event can have one rule; make each further one an event of its own")
    ends = next(iter(rule.pop("UNTIL", [])), None)
    # "Until the year 9999" is how some calendars write that there is no end.
    until = None if ends is None or ends.year > _LAST_YEAR else _known(ends, None, "RRULE")
    return rule.to_ical().decode(), until


def _excluded(event: Any) -> Iterator[Moment]:
    lists = event.get("EXDATE", [])
    for each in lists if isinstance(lists, list) else [lists]:
        for value in each.dts:
            yield _known(value.dt, each.params.get("TZID"), "EXDATE")


def _instead_of(event: Any) -> Moment | None:
    moment = _moment(event, "RECURRENCE-ID")
    if moment is not None and "RANGE" in event["RECURRENCE-ID"].params:
        raise Unusable("RECURRENCE-ID", "a change of this and all later ones cannot be taken; end the series before it")
    return moment


def _bad(message: str) -> InvalidArgument:
    return InvalidArgument(message, field="file", reason="BAD_CALENDAR")
