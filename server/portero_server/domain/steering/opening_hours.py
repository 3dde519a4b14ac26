"""Opening hours: when cameras are wanted, by the clock on the wall of a place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_TIMES = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Weekly opening hours.

    Attributes:
        spans: Day of the week (Monday is 0), minute of that day, and minutes that it is open; may pass midnight.
        zone: Whose wall clock counts.
    """

    spans: tuple[tuple[int, int, int], ...]
    zone: tzinfo = UTC

    @classmethod
    def parse(cls, text: str, zone: tzinfo) -> OpeningHours | None:
        """Reads hours as "Mon-Fri 07:00-12:00 14:00-20:00, Sat 22:00-02:00"; None for "always".

        Raises:
            ValueError: A part is wrong; the message shows it.
        """
        if text.strip().lower() == ALWAYS:
            return None
        return cls(tuple(span for part in text.split(",") for span in _spans(part)), zone)

    def is_open(self, now: datetime) -> bool:
        """Returns whether it is open at a time."""
        local = now.astimezone(self.zone)
        minute = local.weekday() * _DAY_MINUTES + local.hour * 60 + local.minute
        return any((minute - day * _DAY_MINUTES - start) % _WEEK_MINUTES < length for day, start, length in self.spans)

    def closed_until(self, now: datetime) -> datetime | None:
        """Returns when it opens next (UTC), or None if it is open.

        Around a change of daylight saving it may be off by what the clock is changed; `is_open` never is.
        """
        if self.is_open(now):
            return None
        today = now.astimezone(self.zone).date()
        openings = (
            datetime.combine(date, time(start // 60, start % 60), self.zone).astimezone(UTC)
            for date in (today + timedelta(days=ahead) for ahead in range(8))
            for day, start, _ in self.spans
            if day == date.weekday()
        )
        return min(opening for opening in openings if opening > now)


@dataclass(frozen=True, slots=True)
class OpeningSchedule:
    """The opening hours of all cameras; None is always open.

    Attributes:
        hours: Opening hours of the cameras that have none of their own.
        of_cameras: Of single cameras, by id.
    """

    hours: OpeningHours | None = None
    of_cameras: Mapping[str, OpeningHours | None] = field(default_factory=dict)

    def closed_until(self, camera_id: str, now: datetime) -> datetime | None:
        """Returns when a camera's place opens next (UTC), or None if it is open."""
        hours = self.of_cameras.get(camera_id, self.hours)
        return None if hours is None else hours.closed_until(now)


def _spans(part: str) -> Iterator[tuple[int, int, int]]:
    days, *times = part.split() or [""]
    if not times:
        raise ValueError(f"{part.strip()!r} must be days and times, as Mon-Fri 07:00-20:00")
    for day in _days(days):
        for each in times:
            start, end = _minutes(each)
            yield day, start, (end - start) % _DAY_MINUTES or _DAY_MINUTES


def _days(text: str) -> list[int]:
    first, _, last = text.lower().partition("-")
    last = last or first
    if first not in _DAYS or last not in _DAYS:
        raise ValueError(f"{text!r} must be a day or a range of days, as Mon or Mon-Fri")
    begin = _DAYS.index(first)
    return [(begin + ahead) % 7 for ahead in range((_DAYS.index(last) - begin) % 7 + 1)]


def _minutes(text: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} must be a range of times, as 07:00-20:00")
    begin_hour, begin_minute, end_hour, end_minute = map(int, found.groups())
    start, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    if start >= _DAY_MINUTES or end > _DAY_MINUTES or max(begin_minute, end_minute) > 59:
        raise ValueError(f"{text!r} must be a range of times between 00:00 and 24:00")
    return start, end
