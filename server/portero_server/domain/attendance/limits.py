"""The limits of one session for one person: the rules of the group, put on the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portero_server.domain.attendance.rules import AttendanceRules
from portero_server.domain.attendance.spans import TimeSpan, merged


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """When somebody must come and may leave.

    An excuse that holds at the beginning moves the beginning to its end, and one that holds at the end moves the end to
    its start. One in the middle moves nothing.

    Attributes:
        opens: From when on it counts to be seen.
        span: The session.
        begins, ends: What of it is asked of the person; the same moment if they are excused from all of it.
        on_time_until: Whoever comes later is late.
        absent_from: Whoever comes later is absent; None: nobody who comes is.
        leaves_from: Whoever is last seen earlier has left early; None: nobody has.
        unseen_for: How long they may go unseen and still be there.
        least, half: How long they must be there to count, and to count in full.
    """

    opens: datetime
    span: TimeSpan
    begins: datetime
    ends: datetime
    on_time_until: datetime
    absent_from: datetime | None
    leaves_from: datetime | None
    unseen_for: timedelta
    least: timedelta
    half: timedelta

    @property
    def excused(self) -> bool:
        """Whether the person is excused from all of it."""
        return self.begins == self.ends

    @property
    def comes_until(self) -> datetime:
        """The last moment at which it makes a difference that somebody comes."""
        return self.span.end if self.absent_from is None else min(self.absent_from, self.span.end)


def opening(span: TimeSpan, rules: AttendanceRules) -> TimeSpan:
    """Returns the time in which it counts to be seen: from the opening of check-in to the end of a session."""
    return TimeSpan(span.start - rules.opens_before, span.end)


def limits_of(span: TimeSpan, rules: AttendanceRules, excused: Iterable[TimeSpan] = ()) -> SessionLimits:
    """Returns the limits of a session for a person who is excused for some times, in any order."""
    begins, ends = span.start, span.end
    for each in merged(excused):
        if each.start <= begins < each.end:
            begins = min(each.end, span.end)
        if each.start < ends <= each.end:
            ends = max(each.start, begins)
    asked = ends - begins
    absent_from = None if rules.absent_after is None else begins + rules.absent_after + rules.grace
    leaves_from = None if rules.leaves_before is None or rules.at_door else ends - rules.leaves_before - rules.grace
    return SessionLimits(
        opens=span.start - rules.opens_before,
        span=span,
        begins=begins,
        ends=ends,
        on_time_until=begins + rules.late_after + rules.grace,
        absent_from=absent_from,
        leaves_from=leaves_from,
        unseen_for=timedelta(0) if rules.at_door else rules.unseen_for,
        least=min(rules.minimum_presence, asked),
        half=min(rules.half_day_below, asked),
    )
