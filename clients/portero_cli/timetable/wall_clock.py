"""Times of events by the clock on a group's wall, by which schedules are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portero_cli.timetable.events import Moment, TimetableEvent, Unusable

_COMPARED = timedelta(days=2 * 366)
"""For how long two zones must show the same for a series to be kept by either."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """On which day something begins, and at what times it begins and ends."""

    day: date
    begins: time
    ends: time


def span_of(event: TimetableEvent, zone: ZoneInfo) -> Span:
    """Returns the times of an event with times, in a zone.

    Raises:
        Unusable: It recurs by another clock, has seconds, or is longer than a day; names the property.
    """
    start, end = local(event.start, zone, "DTSTART"), local(event.end, zone, "DTEND")
    if event.rule and not _same_clock(event.start, zone):
        raise Unusable("DTSTART", f"it recurs by another clock than the group's, which is that of {zone.key}")
    if start.second or end.second:
        raise Unusable("DTEND" if end.second else "DTSTART", "it must be of whole minutes")
    if not timedelta(0) < end - start <= _DAY:
        raise Unusable("DTEND", f"it must be up to 24 hours after DTSTART, and is {end - start} after it")
    return Span(start.date(), start.time(), end.time())


def local(moment: Moment, zone: ZoneInfo, field: str) -> datetime:
    """Returns what the clock in a zone shows at a time; one without a zone is meant by that clock already.

    Raises:
        Unusable: The clock shows it twice, and the second time is meant, which a schedule cannot say.
    """
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time())
    if moment.tzinfo is None:
        return moment.replace(microsecond=0)
    shown = moment.astimezone(zone)
    if shown.fold:
        raise Unusable(field, f"the clock shows {shown:%H:%M} twice that day, and a schedule means the first time")
    return shown.replace(tzinfo=None, microsecond=0)


def _same_clock(start: Moment, zone: ZoneInfo) -> bool:
    """Returns whether a series that begins at a time keeps its time of day in a zone: names of zones have aliases."""
    if not isinstance(start, datetime) or start.tzinfo is None:
        return True
    days = range(_COMPARED.days)
    return all(
        (start + day * _DAY).utcoffset() == (start + day * _DAY).replace(tzinfo=zone).utcoffset() for day in days
    )
