"""A group as it is kept: its name, its time zone, its rules and its free days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from portero_server.domain.attendance.holiday_calendar import NO_HOLIDAYS, HolidayCalendar, OwnHolidays, public_holidays
from portero_server.domain.attendance.rules import DEFAULT_RULES, AttendanceRules
from portero_server.errors import InvalidInput


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

    def holidays(self) -> HolidayCalendar:
        """Returns the days on which its recurring sessions do not take place."""
        beside = None if self.country is None else public_holidays(self.country, self.region)
        if not self.free_days and not self.worked_days:
            return NO_HOLIDAYS if beside is None else beside
        return OwnHolidays(self.free_days, self.worked_days, beside)
