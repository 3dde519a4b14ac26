"""The time that a report is about: whole days of a time zone, or any two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """The sessions that begin in this time.

    Attributes:
        first_day: First day, by the clock on the wall where the group meets; None: `start` counts.
        last_day: Last day, which is still within; None: `end` counts.
        start: UTC; None: from the first record on.
        end: Before when, UTC; None: to the last record.
        whole_month: Whether the days are those of one month.
    """

    first_day: date | None = None
    last_day: date | None = None
    start: datetime | None = None
    end: datetime | None = None
    whole_month: bool = False

    @classmethod
    def day_of(cls, day: date) -> Period:
        """Returns one day."""
        return cls(day, day)

    @classmethod
    def month_of(cls, year: int, month: int) -> Period:
        """Returns one month. Raises ValueError if there is none of that number."""
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        return cls(first, following - timedelta(days=1), whole_month=True)

    @property
    def one_day(self) -> bool:
        """Whether it is a single day."""
        return self.first_day is not None and self.first_day == self.last_day

    @property
    def of_days(self) -> bool:
        """Whether its limits depend on the time zone."""
        return self.first_day is not None or self.last_day is not None

    def bounds(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Returns from when until before when it lasts, UTC; days begin at midnight in the zone, or right after it."""
        start = self.start if self.first_day is None else midnight(self.first_day, zone)
        end = self.end if self.last_day is None else midnight(self.last_day + timedelta(days=1), zone)
        return start, end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Returns when a day begins, UTC: at 01:00 where clocks are set from 00:00 to 01:00."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
