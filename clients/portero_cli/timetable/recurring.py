"""On which days a series of a timetable meets. What its rule may be is the server's to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from portero_cli.timetable.events import Moment, TimetableEvent, Unusable
from portero_cli.timetable.wall_clock import Span, local

if TYPE_CHECKING:
    from dateutil.rrule import rrule

_BY_DAYS = re.compile(
    r"(?=(?:.*;)?FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$))(?!.*(?:BYHOUR|BYMINUTE|BYSECOND|INTERVAL=0))"
)
"""Rules that can be looked through. Of hours and seconds there are too many, and the server refuses the others."""
_LONGEST_SEARCH = timedelta(days=366 * 50)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Series:
    """An event that recurs, or takes place once.

    Attributes:
        event: It.
        span: Its first time.
        zone: The group's.
        last_day: The last day on which it may meet; None: it has no end.
        days: Computes its days; None: it takes place once, or the server will refuse its rule.
    """

    event: TimetableEvent
    span: Span
    zone: ZoneInfo
    last_day: date | None
    days: rrule | None

    @classmethod
    def of(cls, event: TimetableEvent, span: Span, zone: ZoneInfo) -> Series:
        """Returns the series of an event. Raises Unusable: its first day is none of its rule."""
        made = cls(event, span, zone, _last_day(event, span, zone), _days(event.rule, span.day))
        if made.days is not None and not made.meets_on(span.day):
            following = made.days.after(datetime.combine(span.day, time()))
            beside = "" if following is None else f"; the first one is {following.date()}"
            raise Unusable("DTSTART", f"{span.day} is no day of its RRULE{beside}")
        return made

    def meets_on(self, day: date) -> bool:
        """Returns whether it meets on a day; of a rule that cannot be computed here every day counts."""
        if self.event.rule and self.days is None:
            return True
        if self.days is None or day - self.span.day > _LONGEST_SEARCH:
            return day == self.span.day
        at = datetime.combine(day, time())
        return bool(self.days.between(at, at, inc=True)) and (self.last_day is None or day <= self.last_day)

    def excluded(self) -> Iterator[date]:
        """Yields the days that EXDATE excludes; one on which it would not meet excludes nothing.

        Raises:
            Unusable: A time is excluded at which it does not begin.
        """
        for each in self.event.excluded:
            day = self._day_at(each, "EXDATE")
            if self.meets_on(day):
                yield day

    def day_of(self, change: TimetableEvent) -> date:
        """Returns the day of the series for which an event stands. Raises Unusable: the series has no such one."""
        assert change.instead_of is not None  # noqa: S101 - the caller looked
        day = self._day_at(change.instead_of, "RECURRENCE-ID")
        if not self.meets_on(day):
            raise Unusable("RECURRENCE-ID", f"its series, event {self.event.number}, does not meet on {day}")
        return day

    def _day_at(self, moment: Moment, field: str) -> date:
        shown = local(moment, self.zone, field)
        if isinstance(moment, datetime) and shown.time() != self.span.begins:
            raise Unusable(field, f"it names {shown:%H:%M}, and the series begins at {self.span.begins:%H:%M}")
        return shown.date()


def _days(rule: str, first_day: date) -> rrule | None:
    if _BY_DAYS.match(rule.upper()) is None:
        return None
    # It comes with what reads the file, and not with the base.
    from dateutil.rrule import rrule, rrulestr

    try:
        found = rrulestr(rule, dtstart=datetime.combine(first_day, time()))
    except (ValueError, TypeError):
        return None
    return found if isinstance(found, rrule) else None


def _last_day(event: TimetableEvent, span: Span, zone: ZoneInfo) -> date | None:
    if event.until is None or not isinstance(event.until, datetime):
        return event.until
    shown = local(event.until, zone, "RRULE")
    return shown.date() if shown.time() >= span.begins else shown.date() - _DAY
