"""Days on which recurring sessions do not take place: public holidays, and the free days of a school or employer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from portero_server.errors import InvalidInput


class HolidayCalendar(Protocol):
    """Knows which days are holidays."""

    def name_on(self, day: date) -> str | None:
        """Returns the name of the holiday on a day; None: it is none."""


@dataclass(frozen=True, slots=True)
class OwnHolidays:
    """Free days that somebody listed, before those of another calendar.

    Attributes:
        names: Name of the holiday by day.
        worked: Days that are no holidays here, whatever the other calendar says.
        beside: The other calendar; None: there is none.
    """

    names: Mapping[date, str] = field(default_factory=dict)
    worked: frozenset[date] = frozenset()
    beside: HolidayCalendar | None = None

    def name_on(self, day: date) -> str | None:
        """Returns the name of the holiday on a day; None: it is none."""
        if day in self.worked:
            return None
        own = self.names.get(day)
        return own if own is not None or self.beside is None else self.beside.name_on(day)


NO_HOLIDAYS = OwnHolidays()


class _PublicHolidays:
    def __init__(self, known: Mapping[date, str]) -> None:
        self._known = known

    def name_on(self, day: date) -> str | None:
        return self._known.get(day)


def public_holidays(country: str, region: str | None = None, language: str = "es") -> HolidayCalendar:
    """Returns the public holidays of a country, as the package `holidays` knows them, for any year.

    Args:
        country: ISO 3166-1 code of two letters ("CL").
        region: ISO 3166-2 code of a part of it, without the country ("AP"); None: what holds in all of it.
        language: In which holidays are named, where the package has it; otherwise they are named as it likes.

    Raises:
        InvalidInput: The package does not know the country or the region.
    """
    # A quarter of a second, which only whoever keeps attendance waits for.
    import holidays

    parts = holidays.list_supported_countries(include_aliases=False).get(country)
    if parts is None:
        raise InvalidInput("country", f"country must be a code of two letters with known holidays, as CL: {country!r}")
    if region is not None and region not in parts:
        raise InvalidInput("region", f"region must be one of {', '.join(parts) or 'none'}, and is {region!r}")
    return _PublicHolidays(holidays.country_holidays(country, subdiv=region, language=language))
