"""Writes what machines read of a document: MRZ lines, QR links, PDF417 texts.

Written for the tests, apart from what reads them, after ICAO 9303 and the links on specimens.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date

from tests.support.cards.holders import Holder

_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}


@dataclass(frozen=True, slots=True)
class MrzContent:
    """What a machine readable zone says.

    `short_code` is what some series write into the optional data of line 1; `prefix` tells the kind of card.
    """

    holder: Holder
    number: str
    expires: date
    short_code: str = ""
    prefix: str = "IN"


def check_digit(text: str) -> str:
    """Returns the check digit of ICAO 9303: weights 7, 3 and 1, modulo 10."""
    return str(sum(_VALUES[character] * (7, 3, 1)[place % 3] for place, character in enumerate(text)) % 10)


def transliterated(name: str) -> str:
    """Returns a name in the letters of an MRZ, words divided by <."""
    plain = unicodedata.normalize("NFD", name.replace("Ñ", "N").replace("Ü", "U"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return letters.replace("'", "").replace("-", "<").replace(" ", "<")


def td1(content: MrzContent) -> tuple[str, ...]:
    """Returns three lines of 30: number, then dates and RUN, then names."""
    holder = content.holder
    number = _checked(content.number.ljust(9, "<"))
    first = f"{content.prefix}CHL{number}{content.short_code}".ljust(30, "<")
    birth, expiry = _checked(_short(holder.birth)), _checked(_short(content.expires))
    run = holder.run.replace("-", "<").ljust(11, "<")
    composite = check_digit(first[5:] + birth + expiry + run)
    second = f"{birth}{holder.sex}{expiry}{holder.nationality}{run}{composite}"
    return first, second, _names(holder, 30)


def td3(content: MrzContent) -> tuple[str, ...]:
    """Returns the two lines of 44 of a Chilean passport, whose personal number is the RUN."""
    holder = content.holder
    number, birth = _checked(content.number.ljust(9, "<")), _checked(_short(holder.birth))
    expiry = _checked(_short(content.expires))
    personal = _checked(holder.run.replace("-", "<").ljust(14, "<"))
    composite = check_digit(number + birth + expiry + personal)
    return (
        f"P<CHL{_names(holder, 39)}",
        f"{number}{holder.nationality}{birth}{holder.sex}{expiry}{personal}{composite}",
    )


def qr_link(content: MrzContent, *, new: bool, foreign: bool) -> str:
    """Returns the link in a card's QR code."""
    site = "portal.nuevosidiv.registrocivil.cl/document-validity" if new else "portal.sidiv.registrocivil.cl/docstatus"
    mrz = (
        _checked(content.number.ljust(9, "<"))
        + _checked(_short(content.holder.birth))
        + _checked(_short(content.expires))
    )
    kind = "CEDULA_EXT" if foreign else "CEDULA"
    return f"https://{site}?RUN={content.holder.run}&type={kind}&serial={content.number}&mrz={mrz}"


def pdf417_text(content: MrzContent) -> str:
    """Returns the text of the code on cards before 2013, as far as it is known: RUN, and the first surname at 19."""
    surname = transliterated(content.holder.surnames).split("<")[0]
    head = content.holder.run.replace("-", "").rjust(9, "0").ljust(19)
    return f"{head}{surname.ljust(30)[:30]}{content.holder.nationality}{_short(content.expires)}{content.number}"


def _checked(text: str) -> str:
    return text + check_digit(text)


def _short(day: date) -> str:
    return f"{day:%y%m%d}"


def _names(holder: Holder, length: int) -> str:
    return f"{transliterated(holder.surnames)}<<{transliterated(holder.given_names)}".ljust(length, "<")[:length]
