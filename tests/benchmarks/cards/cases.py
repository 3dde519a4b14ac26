"""The cases: which document is shown how, each by its number alone, so that runs can be parted and resumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tests.support.cards.forgeries import Forged, Forgery, forged
from tests.support.cards.layouts import MRZ_ZONE, MRZ_ZONE_OF_PAGE, STROKE, printed, qr_zone
from tests.support.cards.phone import on_a_phone
from tests.support.cards.shooting import CLEAN, LEVELS, LIGHT, SIZES, Level, Shot, shot
from tests.support.cards.specimen import Series, Specimen, specimen

_SPREAD = 7919
_FORGED_SIZES = ((1280, 720), (1280, 960), (1920, 1080))


class CaseKey(NamedTuple):
    """Names a case: whether its document is genuine, and its number among these."""

    genuine: bool
    number: int

    def drawn(self, seed: int) -> Case:
        """Draws the case; half a second of work."""
        return genuine(self.number, seed) if self.genuine else tampered(self.number, seed)


@dataclass(frozen=True, slots=True)
class Case:
    """A document that is shown, side by side.

    Attributes:
        number: Of the case.
        specimen: What is shown; of a forgery the front.
        level: How bad the pictures are.
        size: Of the pictures.
        shots: A picture of each side.
        forged: What is wrong, or None.
    """

    number: int
    specimen: Specimen
    level: Level
    size: tuple[int, int]
    shots: tuple[Shot, ...]
    forged: Forged | None = None

    @property
    def legible(self) -> bool:
        """Whether QR code or MRZ can be read by somebody patient: told from how the picture was made."""
        series = self.specimen.series
        if series is Series.PASSPORT:
            return self.shots[0].legible(*MRZ_ZONE_OF_PAGE, STROKE)
        back = self.shots[-1]
        return back.legible(*MRZ_ZONE, STROKE) or back.legible(*qr_zone(series), STROKE)


def genuine(number: int, seed: int) -> Case:
    """Returns an unforged case: levels in turn, and sizes, and one side in ten upside down."""
    card = specimen(seed * _SPREAD + number)
    level, size = LEVELS[number % len(LEVELS)], SIZES[number // len(LEVELS) % len(SIZES)]
    shots = tuple(
        shot(printed(card, side), level, size, _seed(seed, number, place), turned=(number + 3 * place) % 10 == 7)
        for place, side in enumerate(card.series.sides)
    )
    return Case(number, card, level, size, shots)


def tampered(number: int, seed: int) -> Case:
    """Returns a forged case: forgeries in turn, in good pictures, which are the harder ones to refuse."""
    kinds = list(Forgery)
    false = forged(seed * _SPREAD + number, kinds[number % len(kinds)])
    level = (CLEAN, LIGHT)[number // len(kinds) % 2]
    size = _FORGED_SIZES[number % len(_FORGED_SIZES)]
    shots = []
    for place, (side, card) in enumerate(zip(false.front.series.sides, (false.front, false.back), strict=False)):
        flat = printed(card, side)
        shown = on_a_phone(flat) if false.on_a_phone else flat
        shots.append(shot(shown, level, size, _seed(seed, number, place)))
    return Case(number, false.front, level, size, tuple(shots), false)


def _seed(seed: int, number: int, place: int) -> int:
    return (seed * _SPREAD + number) * 2 + place
