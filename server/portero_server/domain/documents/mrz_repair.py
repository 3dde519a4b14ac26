"""Corrects an MRZ as an engine read it: to what all check digits allow, or not at all.

What a place allows comes first: a letter where only digits stand is the digit it looks like. If all check digits are
right then, nothing more is done. Otherwise the zones from which the read one can come, by one wrong character of any
kind or two usual confusions, are looked for among those whose digits are all right. A field is known if they all agree
on it. Since 7, 3 and 1 are all odd and none is a multiple of 5, no single wrong digit passes its own check digit; but G
and 6, L and 1, K and a filler count the same, so an MRZ by itself never decides: print or QR must say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations, product

from portero_server.domain.documents.confusions import as_digit, as_letter, taken_for
from portero_server.domain.documents.mrz import FILLER, TD1, UNKNOWN, Layout, Mrz, character_value, digit_is_right

_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ANY = _DIGITS + _LETTERS + FILLER
_WEIGHTS = (7, 3, 1)
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
    for place in layout.digit_places():
        places[place] = as_digit(places[place])
    for start, end in (layout.code, layout.issuer, layout.nationality, layout.names):
        for place in range(start, end):
            places[place] = as_letter(places[place])
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
    start, end = layout.number
    # The series that began in 2013 numbers by digits alone.
    digits = "".join(as_digit(character) for character in read.text[start:end])
    numbered = Mrz(layout, read.text[:start] + digits + read.text[end:])
    if digits.isdigit() and sound(numbered, today):
        return Repair(numbered, sound=True)
    possible = sorted({text for text in _sources(read) if sound(Mrz(layout, text), today)})
    if len(possible) == 1:
        return Repair(Mrz(layout, possible[0]), sound=True, repaired=True)
    return Repair(read, sound=False, possible=tuple(Mrz(layout, text) for text in possible))


def _sources(read: Mrz) -> Iterator[str]:
    """Yields the texts of which the read one is a misreading, all check digits right; not all are possible values."""
    yield from _by_one_character(read)
    yield from _by_two_confusions(read)


def _by_one_character(read: Mrz) -> Iterator[str]:
    layout, text = read.layout, read.text
    weights = _place_weights(layout)
    unknown = [place for place in weights if text[place] == UNKNOWN]
    if len(unknown) > 1:
        return
    values = {place: 0 if text[place] == UNKNOWN else character_value(text[place]) for place in weights}
    off = [0] * len(layout.rules)
    for place, by_rule in weights.items():
        for rule, weight in by_rule.items():
            off[rule] = (off[rule] + weight * values[place]) % 10
    for place in unknown or weights:
        by_rule = weights[place]
        if any(off[rule] for rule in range(len(off)) if rule not in by_rule):
            continue
        for character in _allowed(layout, place):
            change = character_value(character) - values[place]
            if character != text[place] and not any((off[rule] + w * change) % 10 for rule, w in by_rule.items()):
                yield text[:place] + character + text[place + 1 :]


def _by_two_confusions(read: Mrz) -> Iterator[str]:
    text = read.text
    free = [
        place
        for place in (*range(*read.layout.number), *(range(15, 30) if read.layout is TD1 else ()))
        if taken_for(text[place])
    ]
    for one, other in combinations(free, 2):
        for first, second in product(taken_for(text[one]), taken_for(text[other])):
            changed = text[:one] + first + text[one + 1 : other] + second + text[other + 1 :]
            if UNKNOWN not in changed:
                yield changed


def _place_weights(layout: Layout) -> dict[int, dict[int, int]]:
    weights: dict[int, dict[int, int]] = {}
    for index, rule in enumerate(layout.rules):
        for order, place in enumerate(rule.covered()):
            weights.setdefault(place, {})[index] = _WEIGHTS[order % 3]
        weights.setdefault(rule.place, {})[index] = -1
    return weights


def _allowed(layout: Layout, place: int) -> str:
    if place in layout.digit_places():
        return _DIGITS
    if layout is TD1 and layout.run[0] <= place < layout.run[1]:
        return _DIGITS + "K" + FILLER
    if any(place == rule.place for rule in layout.others):
        return _DIGITS + FILLER
    return _ANY
