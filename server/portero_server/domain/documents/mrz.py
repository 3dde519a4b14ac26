"""The machine-readable zone of ICAO 9303: cards of three lines (TD1) and passports of two (TD3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from portero_server.domain.documents.run import Run

FILLER = "<"
UNKNOWN = "?"
"""Stands for a character that was not read."""
_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {FILLER: 0}
_WEIGHTS = (7, 3, 1)
_RUN_SHAPE = re.compile(r"([0-9]{6,8})<([0-9K])<*")


def character_value(character: str) -> int:
    """Returns what a character counts in a check digit: 0-9, A is 10 to Z 35, a filler 0."""
    return _VALUES[character]


def check_digit(text: str) -> str:
    """Returns the check digit of a text: weights 7, 3, 1, modulo 10."""
    return str(sum(_VALUES[character] * _WEIGHTS[place % 3] for place, character in enumerate(text)) % 10)


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A check digit: over which spans of the joined lines it goes, and where it stands."""

    spans: tuple[tuple[int, int], ...]
    place: int

    def covered(self) -> list[int]:
        """Returns the places it goes over, in order."""
        return [place for start, end in self.spans for place in range(start, end)]


# Compared by identity, so that what follows from one is worked out once.
@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where what stands in the joined lines of an MRZ; each span is (start, end)."""

    rows: int
    width: int
    code: tuple[int, int]
    issuer: tuple[int, int]
    number: tuple[int, int]
    birth: tuple[int, int]
    sex: int
    expiry: tuple[int, int]
    nationality: tuple[int, int]
    run: tuple[int, int]
    names: tuple[int, int]
    number_rule: CheckRule
    birth_rule: CheckRule
    expiry_rule: CheckRule
    composite: CheckRule
    others: tuple[CheckRule, ...] = ()

    @property
    def rules(self) -> tuple[CheckRule, ...]:
        """All check digits."""
        return (self.number_rule, self.birth_rule, self.expiry_rule, *self.others, self.composite)


@cache
def digit_places(layout: Layout) -> frozenset[int]:
    """Returns the places where only digits stand."""
    places = {*range(*layout.birth), *range(*layout.expiry)}
    return frozenset(places | {rule.place for rule in layout.rules if rule not in layout.others})


TD1 = Layout(
    rows=3,
    width=30,
    code=(0, 2),
    issuer=(2, 5),
    number=(5, 14),
    birth=(30, 36),
    sex=37,
    expiry=(38, 44),
    nationality=(45, 48),
    run=(48, 59),
    names=(60, 90),
    number_rule=CheckRule(((5, 14),), 14),
    birth_rule=CheckRule(((30, 36),), 36),
    expiry_rule=CheckRule(((38, 44),), 44),
    composite=CheckRule(((5, 30), (30, 37), (38, 45), (48, 59)), 59),
)
TD3 = Layout(
    rows=2,
    width=44,
    code=(0, 2),
    issuer=(2, 5),
    names=(5, 44),
    number=(44, 53),
    nationality=(54, 57),
    birth=(57, 63),
    sex=64,
    expiry=(65, 71),
    run=(72, 86),
    number_rule=CheckRule(((44, 53),), 53),
    birth_rule=CheckRule(((57, 63),), 63),
    expiry_rule=CheckRule(((65, 71),), 71),
    composite=CheckRule(((44, 54), (57, 64), (65, 87)), 87),
    others=(CheckRule(((72, 86),), 86),),
)


def digit_is_right(text: str, rule: CheckRule) -> bool | None:
    """Whether a check digit is right; None where a character it needs was not read."""
    covered = "".join(text[start:end] for start, end in rule.spans)
    digit = text[rule.place]
    if UNKNOWN in covered or digit == UNKNOWN:
        return None
    if digit == FILLER:
        return not covered.strip(FILLER)
    return check_digit(covered) == digit


@dataclass(frozen=True, slots=True)
class Mrz:
    """What an MRZ says, by its own rules; `text` is its lines joined.

    Two zones with the same values and optional data are the same text: `write_mrz` returns it.
    """

    layout: Layout
    text: str

    def _part(self, span: tuple[int, int]) -> str:
        return self.text[span[0] : span[1]]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines as they stand on the document."""
        width = self.layout.width
        return tuple(self.text[start : start + width] for start in range(0, len(self.text), width))

    @property
    def code(self) -> str:
        """The kind of document, one or two letters."""
        return self._part(self.layout.code).rstrip(FILLER)

    @property
    def issuer(self) -> str:
        """Who issued it, a code of three letters or less."""
        return self._part(self.layout.issuer).rstrip(FILLER)

    @property
    def number(self) -> str:
        """The document's number."""
        return self._part(self.layout.number).rstrip(FILLER)

    @property
    def nationality(self) -> str:
        """The holder's nationality, a code of three letters or less."""
        return self._part(self.layout.nationality).rstrip(FILLER)

    @property
    def sex(self) -> str:
        """F, M, or X where the zone has a filler."""
        letter = self.text[self.layout.sex]
        return "X" if letter == FILLER else letter

    @property
    def run(self) -> Run | None:
        """The RUN in the optional data of a document that Chile issued; its digit may be wrong."""
        found = _RUN_SHAPE.fullmatch(self._part(self.layout.run)) if self.issuer == "CHL" else None
        return Run(int(found[1]), found[2]) if found else None

    @property
    def names(self) -> str:
        """Surnames, two fillers, given names; cut where the line ends."""
        return self._part(self.layout.names)

    def birth(self, today: date) -> date | None:
        """Returns the date of birth: the latest such day that is not in the future."""
        return _day(self._part(self.layout.birth), latest=today)

    @property
    def expiry(self) -> date | None:
        """The last day on which it is valid, always of this century."""
        return _day(self._part(self.layout.expiry), latest=None)


def _day(text: str, latest: date | None) -> date | None:
    if not text.isdigit():
        return None
    try:
        day = date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        if latest is not None and day > latest:
            day = date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        # 29 February 2000 is a day and 1900 has none, but 2000 is never in the future.
        return None
    return day


def write_mrz(
    layout: Layout,
    *,
    code: str,
    issuer: str,
    number: str,
    birth: str,
    sex: str,
    expiry: str,
    nationality: str,
    names: str,
    run: str = "",
    optional: str = "",
) -> Mrz:
    """Returns an MRZ with right check digits.

    Args:
        layout: TD1 or TD3.
        code: Kind of document, one or two letters.
        issuer: Code of three letters.
        number: At most nine characters.
        birth: YYMMDD.
        sex: F, M or X.
        expiry: YYMMDD.
        nationality: Code of three letters.
        names: As `mrz_names` returns them.
        run: Optional data where a RUN stands, as "12345678<5".
        optional: The other optional data, which a TD1 has in its first line.
    """
    text = [FILLER] * (layout.rows * layout.width)

    def put(start: int, end: int, value: str) -> None:
        text[start:end] = value[: end - start].ljust(end - start, FILLER)

    put(*layout.code, code)
    put(*layout.issuer, issuer)
    put(*layout.number, number)
    put(*layout.birth, birth)
    text[layout.sex] = FILLER if sex == "X" else sex
    put(*layout.expiry, expiry)
    put(*layout.nationality, nationality)
    put(*layout.run, run)
    put(*layout.names, names)
    if layout is TD1:
        put(15, 30, optional)
    for rule in layout.rules:
        text[rule.place] = check_digit("".join(text[place] for place in rule.covered()))
    return Mrz(layout, "".join(text))
