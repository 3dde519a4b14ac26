"""Corrects an MRZ as an engine read it: to what all check digits allow, or not at all.

What a place allows comes first: a letter where only digits stand is the digit it looks like. If all check digits are
right then, nothing more is done. Otherwise the zones from which the read one can come, by one wrong character of any
kind or two usual confusions, are looked for among those whose digits are all right. A field is known if they all agree
on it. Since 7, 3 and 1 are all odd and none is a multiple of 5, no single wrong digit passes its own check digit; but G
and 6, L and 1, K and a filler count the same, so an MRZ by itself never decides: print or QR must say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import combinations, product

from portero_server.domain.documents.confusions import as_digit, as_letter, taken_for
from portero_server.domain.documents.mrz import (
    FILLER,
    TD1,
    UNKNOWN,
    Layout,
    Mrz,
    character_value,
    digit_is_right,
    digit_places,
)
from portero_server.domain.documents.run import run_in_mrz

_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ANY = _DIGITS + _LETTERS + FILLER
_WEIGHTS = (7, 3, 1)
# What CHL is read as when its last letter is taken for a 1, and that for an I.
_NO_COUNTRY = "CHI"
# All digits in the series of 2013; a letter first, and then both, in that of 2024 and in passports.
_CHILEAN_NUMBER = re.compile(r"\d{7,9}|[A-Z][0-9A-Z]{5,8}")


@dataclass(frozen=True, slots=True)
class Repair:
    """What an MRZ says after correction.

    Attributes:
        mrz: The read zone, letters and digits set right by their places; or the only possible one.
        sound: Whether all check digits of `mrz` are right and its values possible.
        repaired: Whether characters were changed beyond what their places demand.
        possible: Where it is not sound, all zones from which it may come.
    """

    mrz: Mrz
    sound: bool
    repaired: bool = False
    possible: tuple[Mrz, ...] = ()


def by_place(layout: Layout, text: str) -> str:
    """Returns the text with letters where only letters stand, and digits where only digits do."""
    places = list(text)
    for place in (*digit_places(layout), *(rule.place for rule in layout.others)):
        places[place] = as_digit(places[place])
    for start, end in (layout.code, layout.issuer, layout.nationality, layout.names):
        for place in range(start, end):
            places[place] = as_letter(places[place])
    for span in (layout.issuer, layout.nationality):
        if "".join(places[slice(*span)]) == _NO_COUNTRY:
            places[slice(*span)] = "CHL"
    if "".join(places[slice(*layout.issuer)]) == "CHL":
        places[slice(*layout.run)] = run_in_mrz("".join(places[slice(*layout.run)]))
    return "".join(places)


def sound(mrz: Mrz, today: date) -> bool:
    """Whether all check digits are right, a Chilean RUN's too, and both dates are days."""
    layout, text = mrz.layout, mrz.text
    if not all(digit_is_right(text, rule) for rule in layout.rules):
        return False
    if mrz.birth(today) is None or mrz.expiry is None or text[layout.sex] not in "MF<X":
        return False
    if FILLER in mrz.number:
        return False
    if mrz.issuer != "CHL":
        return True
    if not _CHILEAN_NUMBER.fullmatch(mrz.number):
        return False
    if mrz.run is None:
        # A Chilean card always bears a RUN; a passport may leave its place empty.
        return layout is not TD1 and not text[slice(*layout.run)].strip(FILLER)
    return mrz.run.valid


def repair(layout: Layout, text: str, today: date) -> Repair:
    """Returns what a read MRZ says.

    Args:
        layout: TD1 or TD3.
        text: Its joined lines, in full length; `UNKNOWN` stands for what was not read.
        today: Nobody was born after it.
    """
    read = Mrz(layout, by_place(layout, text))
    if sound(read, today):
        return Repair(read, sound=True)
    numbered = _numbered(read)
    if numbered is not None and sound(numbered, today):
        return Repair(numbered, sound=True)
    possible = sorted({text for text in _sources(read) if sound(Mrz(layout, text), today)})
    if len(possible) == 1:
        return Repair(Mrz(layout, possible[0]), sound=True, repaired=True)
    return Repair(read, sound=False, possible=tuple(Mrz(layout, text) for text in possible))


def _numbered(read: Mrz) -> Mrz | None:
    """Returns a zone with a Chilean number of digits alone, as one that begins with a digit is; None for others."""
    start, end = read.layout.number
    number = read.text[start:end]
    digits = "".join(as_digit(character) for character in number)
    if read.issuer != "CHL" or not number[0].isdigit() or not digits.isdigit():
        return None
    return Mrz(read.layout, read.text[:start] + digits + read.text[end:])


def _sources(read: Mrz) -> Iterator[str]:
    """Yields the texts of which the read one is a misreading, all check digits right; not all are possible values."""
    places = _place_weights(read.layout)
    holes = [place for place in places if read.text[place] == UNKNOWN]
    if len(holes) > 1:
        return
    off = _off(read)
    wrong = {rule for rule, each in enumerate(off) if each % 10}
    for place in holes or places:
        if wrong and places[place].keys() != wrong:
            # Another character here would leave one wrong, or make another wrong: all weights are odd, none is 5.
            continue
        for character in _allowed(read.layout, place):
            if character != read.text[place] and _rights(read, off, (place, character)):
                yield _changed(read.text, (place, character))
    if holes:
        return
    # Letters and digits are mixed in the number, and in what else the first line has: nowhere else do both stand.
    mixed = [
        place
        for place in (*range(*read.layout.number), *(range(15, 30) if read.layout is TD1 else ()))
        if taken_for(read.text[place])
    ]
    mixed_rules = set().union(*(places[place] for place in mixed))
    for one, other in combinations(mixed, 2) if wrong <= mixed_rules else ():
        for first, second in product(taken_for(read.text[one]), taken_for(read.text[other])):
            if _rights(read, off, (one, first), (other, second)):
                yield _changed(read.text, (one, first), (other, second))


def _off(read: Mrz) -> list[int]:
    """Returns how far each check digit is from the right one."""
    off = [0] * len(read.layout.rules)
    for place, by_rule in _place_weights(read.layout).items():
        for rule, weight in by_rule.items():
            off[rule] += weight * _value(read.text[place])
    return off


def _rights(read: Mrz, off: Sequence[int], *changes: tuple[int, str]) -> bool:
    """Whether changes make all check digits right."""
    weights = _place_weights(read.layout)
    left = list(off)
    for place, character in changes:
        change = _value(character) - _value(read.text[place])
        for rule, weight in weights[place].items():
            left[rule] += weight * change
    return not any(each % 10 for each in left)


def _value(character: str) -> int:
    return 0 if character == UNKNOWN else character_value(character)


def _changed(text: str, *changes: tuple[int, str]) -> str:
    characters = list(text)
    for place, character in changes:
        characters[place] = character
    return "".join(characters)


@cache
def _place_weights(layout: Layout) -> dict[int, dict[int, int]]:
    weights: dict[int, dict[int, int]] = {}
    for index, rule in enumerate(layout.rules):
        for order, place in enumerate(rule.covered()):
            weights.setdefault(place, {})[index] = _WEIGHTS[order % 3]
        weights.setdefault(rule.place, {})[index] = -1
    return weights


@cache
def _allowed(layout: Layout, place: int) -> str:
    if place in digit_places(layout):
        return _DIGITS
    if layout is TD1 and layout.run[0] <= place < layout.run[1]:
        return _DIGITS + "K" + FILLER
    if any(place == rule.place for rule in layout.others):
        return _DIGITS + FILLER
    return _ANY
