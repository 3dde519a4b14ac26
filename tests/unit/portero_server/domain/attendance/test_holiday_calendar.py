"""Holidays: public ones from the library, and a school's own before them."""

from __future__ import annotations

from datetime import date

import pytest

from portero_server.domain.attendance.holiday_calendar import NO_HOLIDAYS, OwnHolidays, public_holidays
from portero_server.errors import InvalidInput

_INDEPENDENCE = date(2026, 9, 18)


def test_chile_has_its_holidays_in_every_year() -> None:
    """Also in years that nobody has asked for yet, and on no other day."""
    chile = public_holidays("CL")
    assert chile.name_on(_INDEPENDENCE) == "Día de la Independencia"
    assert chile.name_on(date(2031, 9, 18)) == "Día de la Independencia"
    assert chile.name_on(date(2026, 3, 9)) is None


def test_a_region_has_holidays_of_its_own() -> None:
    """7 June is one in Arica, and not in the rest of Chile."""
    assert public_holidays("CL", "AP").name_on(date(2026, 6, 7)) is not None
    assert public_holidays("CL").name_on(date(2026, 6, 7)) is None


def test_holidays_are_named_in_the_language_that_is_asked_for() -> None:
    """Spanish unless another one is."""
    assert public_holidays("CL", language="en_US").name_on(_INDEPENDENCE) == "Independence Day"


@pytest.mark.parametrize(("country", "region", "field"), [("XX", None, "country"), ("CL", "QQ", "region")])
def test_an_unknown_place_is_refused(country: str, region: str | None, field: str) -> None:
    """The error names the field."""
    with pytest.raises(InvalidInput) as refused:
        public_holidays(country, region)
    assert refused.value.field == field


def test_a_school_has_the_last_word() -> None:
    """It names free days of its own, and works on public holidays if it says so."""
    school = OwnHolidays({date(2026, 3, 10): "Aniversario"}, frozenset({_INDEPENDENCE}), public_holidays("CL"))
    assert school.name_on(date(2026, 3, 10)) == "Aniversario"
    assert school.name_on(_INDEPENDENCE) is None
    assert school.name_on(date(2026, 12, 25)) == "Navidad"
    assert NO_HOLIDAYS.name_on(date(2026, 12, 25)) is None
