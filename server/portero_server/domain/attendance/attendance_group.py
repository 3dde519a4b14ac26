"""A group as it is kept: its name, its time zone, its rules and its free days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from portero_server.domain.attendance.holiday_calendar import NO_HOLIDAYS, HolidayCalendar, OwnHolidays, public_holidays
from portero_server.domain.attendance.rules import DEFAULT_RULES, AttendanceRules
from portero_server.errors import InvalidInput

MOST_FREE_DAYS = 400
"""Free days of one group, at most."""


@dataclass(frozen=True, slots=True)
class AttendanceGroup:
    """People who attend the same sessions, as a class or a shift.

    Attributes:
        zone: IANA name of the time zone by which its days and times are meant ("America/Santiago").
        country, region: Whose public holidays are free, as in `public_holidays`; None: nobody's, or no region's.
        free_days: Further free days, with their names.
        worked_days: Public holidays on which its sessions take place all the same.

    Raises:
        InvalidInput: The zone, the country or the region is not known.
    """

    group_id: str
    display_name: str
    zone: str
    rules: AttendanceRules = DEFAULT_RULES
    country: str | None = None
    region: str | None = None
    free_days: Mapping[date, str] = field(default_factory=dict)
    worked_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ValueError, OSError, LookupError):
            # Directories of the database are no zones either.
            raise InvalidInput("zone", f"zone must be an IANA name, as America/Santiago: {self.zone!r}") from None
        if self.region is not None and self.country is None:
            raise InvalidInput("region", "region must come with a country")
        self.holidays()

    def with_free_day(self, day: date, name: str) -> AttendanceGroup:
        """Returns the group with a free day, new or under another name.

        Raises:
            InvalidInput: The group meets on that day although it is a holiday, or it has too many free days.
        """
        if day in self.worked_days:
            raise InvalidInput("day", f"day must not be one of the worked days of {self.group_id}, and is {day}")
        if day not in self.free_days and len(self.free_days) >= MOST_FREE_DAYS:
            raise InvalidInput("day", f"{self.group_id} has {MOST_FREE_DAYS} free days already, and may have no more")
        return replace(self, free_days={**self.free_days, day: name})

    def without_free_day(self, day: date) -> AttendanceGroup:
        """Returns the group without a free day; itself if that day is none."""
        others = {each: name for each, name in self.free_days.items() if each != day}
        return self if len(others) == len(self.free_days) else replace(self, free_days=others)

    def holidays(self) -> HolidayCalendar:
        """Returns the days on which its recurring sessions do not take place."""
        beside = None if self.country is None else public_holidays(self.country, self.region)
        if not self.free_days and not self.worked_days:
            return NO_HOLIDAYS if beside is None else beside
        return OwnHolidays(self.free_days, self.worked_days, beside)
