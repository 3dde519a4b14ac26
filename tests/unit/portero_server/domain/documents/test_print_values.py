"""Values of the printed zone as engines read them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.documents.print_values import (
    find_dates,
    find_nationality,
    find_number,
    find_sex,
    name_word,
)

_MONTHS = ["ENE", "FEB", "MAR", "ABR", "MAY", "JUN", "JUL", "AGO", "SEP", "OCT", "NOV", "DIC"]


@given(st.dates(date(1920, 1, 1), date(2049, 12, 31)), st.sampled_from(["{} {} {}", "{}{}{}", "{}-{}-{}", "{} {}{}"]))
def test_every_date_is_read(day: date, shape: str) -> None:
    """A date with a Spanish month is read, blanks dropped or not, and with letters for digits."""
    text = shape.format(f"{day.day:02}", _MONTHS[day.month - 1], day.year)
    assert find_dates(text) == (day,)
    digits = shape.format(f"{day.day:02}".replace("0", "O").replace("1", "I"), _MONTHS[day.month - 1], day.year)
    assert find_dates(digits) == (day,)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("05 SEPT 1990", [date(1990, 9, 5)]),
        ("05SET1990", [date(1990, 9, 5)]),
        ("05 5EPT 199O", [date(1990, 9, 5)]),
        ("3 0CT 2001", [date(2001, 10, 3)]),
        ("17 OIC 2001", [date(2001, 12, 17)]),
        ("01 JUI 2001", [date(2001, 7, 1)]),
        ("15/04/1982", [date(1982, 4, 15)]),
        ("04 SEPT 2013 03 SEPT 2023", [date(2013, 9, 4), date(2023, 9, 3)]),
        ("31 FEB 2001", []),
        ("05 XYZ 1990", []),
        ("MARIA", []),
        ("", []),
    ],
)
def test_dates_as_engines_read_them(text: str, days: list[date]) -> None:
    """Usual misreadings of months are one month; what could be several, or no day, is none."""
    assert list(find_dates(text)) == days


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("662.225.265", "662225265"),
        ("66Z.225.26S", "662225265"),
        ("A36180003", "A36180003"),
        ("A 36 18O 003", "A3618O003"),
        ("B5F089055", "B5F089055"),
        ("15 ABR 1982", None),
        ("123", None),
        ("1234567890", None),
        ("CHILENA", None),
    ],
)
def test_numbers_as_engines_read_them(text: str, number: str | None) -> None:
    """Dots and blanks do not count; behind a letter, letters stay letters."""
    assert find_number(text) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CHILENA", "CHL"),
        ("CHILENO", "CHL"),
        ("CHI1ENA M", "CHL"),
        ("VENEZOLANA", "VEN"),
        ("BRASILEÑA", "BRA"),
        ("NAURUANA", "NAURUANA"),
        ("M", None),
    ],
)
def test_nationalities(text: str, code: str | None) -> None:
    """Both forms of a nationality are one code; one that is not known stays as printed."""
    assert find_nationality(text) == code


@pytest.mark.parametrize(("text", "sex"), [("M", "M"), ("CHILENA F", "F"), ("X", "X"), ("F M", None), ("MARIA", None)])
def test_sex(text: str, sex: str | None) -> None:
    """One letter by itself; two different ones are none."""
    assert find_sex(text) == sex


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("MUÑOZ", "MUÑOZ"),
        ("MU0OZ", "MUOOZ"),
        ("O\N{ACUTE ACCENT}RYAN", "O'RYAN"),
        ("PÉREZ.", "PÉREZ"),
        ("123", None),
        ("--", None),
    ],
)
def test_words_of_names(text: str, word: str | None) -> None:
    """Digits are the letters they look like; what has more digits than letters is not a name."""
    assert name_word(text) == word
