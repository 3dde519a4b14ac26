"""Short ways to write times and spans of one morning, in minutes from its beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan

MORNING = datetime(2026, 3, 9, 11, tzinfo=UTC)
"""Eight o'clock in Santiago, on a Monday."""


def at(minute: float) -> datetime:
    """Returns a time, some minutes from eight o'clock; negative: before."""
    return MORNING + timedelta(minutes=minute)


def span(first: float, last: float) -> TimeSpan:
    """Returns the time from one minute to before another."""
    return TimeSpan(at(first), at(last))


def blind(first: float, last: float, *causes: UnprovenCause) -> UnprovenSpan:
    """Returns a time in which nobody can tell, by default since frames are missing."""
    return UnprovenSpan(at(first), at(last), causes or (UnprovenCause.GAP,))
