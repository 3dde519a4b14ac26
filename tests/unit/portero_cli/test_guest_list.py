"""Lists of guests as reservation systems and spreadsheets write them."""

from __future__ import annotations

from datetime import date

import pytest

from portero_cli.guest_list import guests_in
from portero_client import InvalidArgument, NewGuest

_DAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    "data",
    [
        "name,run,date,reference\nAna Núñez,20.111.222-9,2026-11-27,R1\n".encode(),
        "\ufeffNombre;RUT;Llegada;Reserva\r\n\r\nAna Núñez;20.111.222-9;27-11-2026;R1\r\n;;;\r\n".encode(),
        "nombre\trut\tfecha\treserva\tpiso\nAna Núñez\t20.111.222-9\t27/11/2026\tR1\t7\n".encode("cp1252"),
        'reserva,"name",run,date\nR1,"Ana Núñez",20.111.222-9,2026-11-27'.encode(),
    ],
)
def test_lists_of_every_kind_are_read(data: bytes) -> None:
    """Headings in English or Spanish, any usual separator, encoding and date are read alike."""
    assert guests_in(data, "list.csv") == [NewGuest("Ana Núñez", "20.111.222-9", "", _DAY, "R1")]


def test_what_is_not_told_is_empty() -> None:
    """A list of names alone is enough, and short lines too."""
    assert guests_in(b"name,passport\nAna\nBen,X1\n", "list.csv") == [NewGuest("Ana"), NewGuest("Ben", "", "X1")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "has no guests"),
        (b"name\n", "has no guests"),
        (b"run\n1-9\n", "no column of names"),
        (b"name,run,rut\nAna,1-9,1-9\n", "two columns for the same thing"),
        (b"name,run\nAna,1-9\n,7-3\n", "list.csv, line 3: the name is missing"),
        (b"name,date\nAna,tomorrow\n", "list.csv, line 2: the date must be"),
        (b"name,date\nAna,31-02-2026\n", "list.csv, line 2: the date must be"),
        (b"name\n\x81\x00\n", "not text"),
    ],
)
def test_what_is_no_list_is_refused_by_its_line(data: bytes, said: str) -> None:
    """A list that cannot be used is refused as a whole, with the line, and without what stands in it."""
    with pytest.raises(InvalidArgument, match=said) as refused:
        guests_in(data, "list.csv")
    assert "7-3" not in refused.value.message
