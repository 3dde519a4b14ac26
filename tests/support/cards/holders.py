"""Invented holders of documents: names, dates and RUNs drawn from a seed. None of them is anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

_SURNAMES = [
    "PÉREZ",
    "SOTO",
    "MUÑOZ",
    "ROJAS",
    "DÍAZ",
    "NÚÑEZ",
    "IBÁÑEZ",
    "GONZÁLEZ",
    "ÑANCUPIL",
    "PEÑA",
    "ACUÑA",
    "CÁRDENAS",
    "GÜIRALDES",
    "HUENCHUMILLA",
    "O'RYAN",
    "VALDÉS",
    "TAPIA",
    "LEIVA",
    "PIZARRO",
    "ZÚÑIGA",
    "CASTAÑEDA",
    "MONTECINOS",
    "BUSTAMANTE",
    "QUILAPÁN",
    "WEISS",
    "FERNÁNDEZ",
    "SEPÚLVEDA",
    "ARAYA",
]
_LONG_SURNAMES = ("DE LA FUENTE", "SAN MARTÍN", "FERNÁNDEZ DE CÓRDOVA", "DEL CAMPO", "VAN DER WEIJDEN")
_WOMEN = [
    "MARÍA",
    "JOSÉ",
    "SOFÍA",
    "ISIDORA",
    "BEGOÑA",
    "CATALINA",
    "ÁNGELA",
    "ROCÍO",
    "XIMENA",
    "INÉS",
    "FERNANDA",
    "CONSTANZA",
    "GABRIELA",
    "MAITÉ",
]
_MEN = [
    "JOSÉ",
    "TOMÁS",
    "MATÍAS",
    "BENJAMÍN",
    "IÑAKI",
    "SEBASTIÁN",
    "RAÚL",
    "CRISTÓBAL",
    "ANDRÉS",
    "VICENTE",
    "GASPAR",
    "MAXIMILIANO",
    "JOAQUÍN",
]
NATIONALITIES = {
    "CHL": ("CHILENA", "CHILENA"),
    "VEN": ("VENEZOLANA", "VENEZOLANO"),
    "PER": ("PERUANA", "PERUANO"),
    "COL": ("COLOMBIANA", "COLOMBIANO"),
    "HTI": ("HAITIANA", "HAITIANO"),
    "BOL": ("BOLIVIANA", "BOLIVIANO"),
    "ARG": ("ARGENTINA", "ARGENTINO"),
}
"""How cards print a nationality, of a woman and of a man, by its ICAO code."""
_YEAR = 365


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder as documents show them.

    Attributes:
        surnames: Both, in capitals with accents.
        given_names: All, in capitals with accents.
        run: As 12345678-5.
        nationality: ICAO code of three letters.
        sex: F or M.
        birth: Day of birth.
    """

    surnames: str
    given_names: str
    run: str
    nationality: str
    sex: str
    birth: date


def run_digit(body: int) -> str:
    """Returns the check digit of a RUN: weights 2 to 7 from the right, modulo 11; 11 is written 0 and 10 K."""
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(str(body))))
    return "0123456789K0"[11 - total % 11]


def run_of(body: int) -> str:
    """Returns a whole RUN, as 12345678-5."""
    return f"{body}-{run_digit(body)}"


def invented(random: Random, today: date, nationality: str = "CHL") -> Holder:
    """Returns a grown-up with one or two given names; one in ten has a surname of several words."""
    sex = random.choice("FM")
    first, second = random.sample(_SURNAMES, 2)
    if random.random() < 0.1:
        second = random.choice(_LONG_SURNAMES)
    given = random.sample(_WOMEN if sex == "F" else _MEN, random.choice((1, 2, 2, 2)))
    body = random.randrange(22_000_000, 28_000_000) if nationality != "CHL" else random.randrange(4_000_000, 25_999_999)
    return Holder(
        surnames=f"{first} {second}",
        given_names=" ".join(given),
        run=run_of(body),
        nationality=nationality,
        sex=sex,
        birth=today - timedelta(days=random.randrange(19 * _YEAR, 88 * _YEAR)),
    )
