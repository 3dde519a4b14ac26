"""What a language must have words for, and how days and numbers are written in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from portero_client import AttendanceReason, AttendanceStatus, UnprovenCause
from portero_reports.period import Period


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that a report says besides names and numbers.

    Attributes:
        day_format: How days are written, as strftime takes it.
        day_cell: The same for cells of a spreadsheet.
        months: Names of the months.
        decimal_mark: What stands before a decimal.
        texts: Headings and sentences, by the keys of ENGLISH.
        statuses, reasons, causes: How each is called.
        initials: A sign for what is not decided, for narrow cells.
    """

    day_format: str
    day_cell: str
    months: tuple[str, ...]
    decimal_mark: str
    texts: Mapping[str, str]
    statuses: Mapping[AttendanceStatus, str]
    initials: Mapping[AttendanceStatus, str]
    reasons: Mapping[AttendanceReason, str]
    causes: Mapping[UnprovenCause, str]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def day(self, day: date) -> str:
        """Returns a day as it is written."""
        return day.strftime(self.day_format)

    def moment(self, moment: datetime) -> str:
        """Returns a day and a time as they are written."""
        return f"{self.day(moment.date())} {moment:%H:%M}"

    def percent(self, value: float | None) -> str:
        """Returns a percentage to a tenth; a dash where nothing is decided."""
        return "-" if value is None else f"{value:.1f} %".replace(".", self.decimal_mark)

    def sign_of(self, unproven: int) -> str:
        """Returns the sign of a day without a decided session: unproven, if any is, and else excused."""
        return self.initials[AttendanceStatus.UNPROVEN if unproven else AttendanceStatus.EXCUSED]

    def period(self, period: Period) -> str:
        """Returns what a period is called."""
        first, last = period.first_day, period.last_day
        if first is not None and period.whole_month:
            return self["month_of"].format(month=self.months[first.month - 1], year=first.year)
        if first is not None and period.one_day:
            return self.day(first)
        start = self.day(first) if first else self._bound(period.start, "from_first")
        end = self.day(last) if last else self._bound(period.end, "to_last")
        return self["range"].format(start=start, end=end)

    def _bound(self, moment: datetime | None, unset: str) -> str:
        return self[unset] if moment is None else f"{self.moment(moment)} UTC"
