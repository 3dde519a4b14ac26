"""Decides when people are told: quiet hours, in which nothing is sent, and digests, once a day or more often."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from portero_server.errors import InvalidInput

_PATH = "subscription.schedule"
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=12)
_LONGEST_ZONE = 63


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day in which nothing is sent; over midnight where they end before they begin.

    Attributes:
        begins: First quiet minute, by the clock on the wall.
        ends: First minute that is not quiet.
    """

    begins: time
    ends: time

    def __contains__(self, at: time) -> bool:
        """Returns whether a time of the clock is quiet."""
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends


@dataclass(frozen=True, slots=True)
class DeliverySchedule:
    """When people are told.

    Attributes:
        zone: Whose clock is meant, and in which times are told.
        quiet: When nothing is sent; None: there are no such hours.
        digest_at: When everything since the day before is told in one message; None: not once a day.
        digest_every: How often everything that waits is told in one message, counted from midnight; a part of a day.
            None: not at intervals. With neither, each message is sent by itself.
    """

    zone: ZoneInfo
    quiet: QuietHours | None = None
    digest_at: time | None = None
    digest_every: timedelta | None = None

    @property
    def digests(self) -> bool:
        """Whether messages are gathered in digests."""
        return self.digest_at is not None or self.digest_every is not None


def checked_schedule(
    quiet_from: str, quiet_until: str, digest_at: str, digest_every: timedelta | None, time_zone: str
) -> DeliverySchedule | None:
    """Returns a schedule for its fields, times as "hh:mm"; None: all are empty.

    Raises:
        InvalidInput: A time or the zone is none, half of the quiet hours is missing, they are empty or all day, the
            digest is within them, its interval is no part of a day or stands beside a time, there are times without a
            zone, or a zone without times.
    """
    timed = bool(quiet_from or quiet_until or digest_at or digest_every is not None)
    if not (timed or time_zone):
        return None
    if not time_zone:
        raise _refusal("time_zone", "must be set where there are quiet hours or a digest, such as America/Santiago")
    zone = _zone(time_zone)
    if not timed:
        raise _refusal("time_zone", "must be empty where there are neither quiet hours nor a digest")
    quiet = _quiet(quiet_from, quiet_until)
    at = _time(digest_at, "digest_at") if digest_at else None
    if at is not None and digest_every is not None:
        raise _refusal("digest_every", f"must be empty where {_PATH}.digest_at is set")
    if quiet is not None and at is not None and at in quiet:
        raise _refusal(
            "digest_at",
            f"must not be from {_PATH}.quiet_from until {_PATH}.quiet_until ({quiet_from} until {quiet_until})",
        )
    return DeliverySchedule(zone, quiet, at, None if digest_every is None else _interval(digest_every))


def _quiet(quiet_from: str, quiet_until: str) -> QuietHours | None:
    if bool(quiet_from) != bool(quiet_until):
        missing, given = ("quiet_until", "quiet_from") if quiet_from else ("quiet_from", "quiet_until")
        raise _refusal(missing, f"must be set where {_PATH}.{given} is")
    if not quiet_from:
        return None
    quiet = QuietHours(_time(quiet_from, "quiet_from"), _time(quiet_until, "quiet_until"))
    if quiet.begins == quiet.ends:
        raise _refusal("quiet_until", f"must differ from {_PATH}.quiet_from")
    return quiet


def quiet_until(now: datetime, schedule: DeliverySchedule | None) -> datetime | None:
    """Returns when the quiet hours end that it is now; None: it is none. Times are UTC."""
    if schedule is None or schedule.quiet is None:
        return None
    quiet, zone, end = schedule.quiet, schedule.zone, now
    today = now.astimezone(zone).date()
    # Where the clock is set back, one night may end after the next has begun.
    for day in (today - _DAY, today, today + _DAY):
        last = day if quiet.begins < quiet.ends else day + _DAY
        # Of an hour that comes twice everything is quiet that may be meant.
        if _instant(day, quiet.begins, zone) <= end < (ends := _instant(last, quiet.ends, zone, fold=1)):
            end = ends
    return end if end > now else None


def next_digest(after: datetime, schedule: DeliverySchedule) -> datetime:
    """Returns the first time of a digest after a moment, UTC. The schedule must have digests.

    One that is in quiet hours is at their end.
    """
    coming = next(at for at in _moments(after - _DAY, schedule) if at > after)
    found = quiet_until(coming, schedule) or coming
    # One that was held before may come first.
    if (end := quiet_until(after, schedule)) is not None and end < found:
        before = max(at for at in _moments(after - _DAY, schedule, until=after))
        return end if quiet_until(before, schedule) == end else found
    return found


def last_digest(now: datetime, schedule: DeliverySchedule) -> datetime:
    """Returns the last time of a digest that is not after now, UTC. The schedule must have digests."""
    # Quiet hours may last for days where the clock is set back.
    times = reversed([*_moments(now - 3 * _DAY, schedule, until=now)])
    return next(told for at in times if (told := quiet_until(at, schedule) or at) <= now)


def due_at(happened_at: datetime, schedule: DeliverySchedule | None) -> datetime:
    """Returns when something is to be told, UTC: with digests, at the first one that is not before it happened."""
    if schedule is None:
        return happened_at
    if schedule.digests:
        return next_digest(happened_at - timedelta(microseconds=1), schedule)
    return quiet_until(happened_at, schedule) or happened_at


def waited_since_due(happened_at: datetime, schedule: DeliverySchedule | None, now: datetime) -> timedelta:
    """Returns how long ago something became due; never negative, whatever the clocks of servers."""
    return max(timedelta(0), now - due_at(happened_at, schedule))


def _moments(since: datetime, schedule: DeliverySchedule, until: datetime | None = None) -> Iterator[datetime]:
    """Yields the times of digests, UTC and in order, of the days from one before `since` on, whatever is quiet."""
    day = since.astimezone(schedule.zone).date() - _DAY
    while True:
        for at in _of_day(day, schedule):
            if until is not None and at > until:
                return
            yield at
        day += _DAY


def _of_day(day: date, schedule: DeliverySchedule) -> Iterator[datetime]:
    if schedule.digest_at is not None:
        yield _instant(day, schedule.digest_at, schedule.zone)
        return
    if schedule.digest_every is None:
        raise ValueError("the schedule has no digest")
    # By the clock on the wall but for days of 23 or 25 hours, which have fewer or more.
    at, end = (_instant(each, time(0), schedule.zone) for each in (day, day + _DAY))
    while at < end:
        yield at
        at += schedule.digest_every


def _instant(day: date, at: time, zone: ZoneInfo, fold: int = 0) -> datetime:
    """Returns the moment, UTC, of a time of the clock; one that the day skips is when the clock jumps over it."""
    local = datetime.combine(day, at, zone).replace(fold=fold)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(tzinfo=None, fold=0):
        return moment
    before = local.replace(fold=1).astimezone(UTC)
    after = local.replace(fold=0).astimezone(UTC)
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after


def _time(text: str, field: str) -> time:
    if (found := _CLOCK.fullmatch(text)) is None:
        raise _refusal(field, "must be a time from 00:00 to 23:59, as hh:mm")
    return time(int(found[1]), int(found[2]))


def _interval(asked: timedelta) -> timedelta:
    if not _SHORTEST <= asked <= _LONGEST or asked % _MINUTE or _DAY % asked:
        raise _refusal(
            "digest_every", "must be whole minutes from 5 minutes to 12 hours, by which a day can be divided"
        )
    return asked


_NO_ZONES = re.compile(r"(localtime|posixrules|Factory)$|(posix|right)/")
"""What some machines have beside the zones, and others do not."""


def _zone(name: str) -> ZoneInfo:
    try:
        if len(name) <= _LONGEST_ZONE and not _NO_ZONES.match(name):
            return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        pass
    raise _refusal("time_zone", f"must be an IANA time zone of at most {_LONGEST_ZONE} characters, as America/Santiago")


def _refusal(field: str, problem: str) -> InvalidInput:
    path = f"{_PATH}.{field}"
    return InvalidInput(path, f"{path} {problem}")
