"""Rosters are read from CSV files as schools write them."""

from __future__ import annotations

from datetime import date

import pytest

from portero_cli.roster_file import roster_in
from portero_client import InvalidArgument, Membership

FIRST = date(2026, 3, 2)


def test_a_roster_is_read_as_a_school_writes_it() -> None:
    """Spanish headings, semicolons, days in the order of the country, and columns that are not asked for."""
    data = "Alumno;Nombre;Desde;Hasta\nana-rojas;Ana Rojas;02-03-2026;\nben;Benjamín Núñez;2026-03-09;15/12/2026\n"
    assert roster_in(data.encode("cp1252"), "1b.csv") == [
        Membership("people/ana-rojas", FIRST),
        Membership("people/ben", date(2026, 3, 9), date(2026, 12, 15)),
    ]


def test_the_first_day_may_be_told_beside_the_file() -> None:
    """It holds where the file has none."""
    assert roster_in(b"person,since\nana,\nben,2026-04-01\n", "f", FIRST) == [
        Membership("people/ana", FIRST),
        Membership("people/ben", date(2026, 4, 1)),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "f has nobody"),
        (b"person,since\n", "f has nobody"),
        (b"name,since\nana,2026-03-02\n", "f has no column of people"),
        (b"person,id\nana,ana\n", "f has two columns for the same thing"),
        (b"person,since\nAna Rojas,2026-03-02\n", "f, line 2: the person must be an id"),
        (b"person,since\nana,\n", "f, line 2: the first day is missing"),
        (b"person,since\nana,2026-02-30\n", "f, line 2: a day must be such as"),
        (b"person,since,until\nana,2026-03-02,2026-03-01\n", "f, line 2: the last day is before the first"),
    ],
)
def test_what_is_wrong_names_the_line_and_nothing_in_it(data: bytes, told: str) -> None:
    """Nobody's name is repeated in a message."""
    with pytest.raises(InvalidArgument, match=told) as refused:
        roster_in(data, "f")
    assert "Rojas" not in str(refused.value)
