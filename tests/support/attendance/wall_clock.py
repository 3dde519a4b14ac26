"""Reads the times of tables of cases: by the clock on the wall of a day and zone, or in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from portero_server.domain.attendance.spans import TimeSpan


@dataclass(frozen=True, slots=True)
class WallClock:
    """The clock on the wall of a place, on one day; hours from 24 on are of the next day."""

    day: date
    zone: tzinfo

    def at(self, text: str) -> datetime:
        """Reads "08:05", "08:05:30", "25:30", "2026-03-10 08:05", or with a Z at the end the same in UTC."""
        zone = UTC if text.endswith("Z") else self.zone
        *dated, clock = text.removesuffix("Z").split()
        day = date.fromisoformat(dated[0]) if dated else self.day
        hours, minutes, seconds = map(int, f"{clock}:00".split(":")[:3])
        wall = time(hours % 24, minutes, seconds)
        return datetime.combine(day + timedelta(days=hours // 24), wall, zone).astimezone(UTC)

    def between(self, text: str) -> tuple[datetime, datetime]:
        """Reads "08:05 .. 09:30", or one time as both."""
        first, _, last = text.partition("..")
        return self.at(first.strip()), self.at((last or first).strip())

    def span(self, text: str) -> TimeSpan:
        """Reads "08:05 .. 09:30"."""
        return TimeSpan(*self.between(text))
