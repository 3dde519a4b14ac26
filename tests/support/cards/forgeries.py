"""Forged and mismatched documents: each is a good specimen with one thing wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from random import Random

from tests.support.cards.holders import Holder, invented, run_of
from tests.support.cards.specimen import TODAY, Series, Specimen, specimen, written

_DIGITS = "0123456789"


class Forgery(Enum):
    """What is wrong with a document."""

    RUN_DIGIT = "a digit of the printed RUN"
    RUN_ANOTHER = "the printed RUN is another valid one"
    NUMBER_DIGIT = "a digit of the printed document number"
    BIRTH_PRINTED = "another printed date of birth"
    EXPIRY_PRINTED = "a printed expiry that is later"
    MRZ_DIGIT = "a digit of the MRZ"
    MRZ_REWRITTEN = "another birth in the MRZ, with right check digits"
    MRZ_OF_ANOTHER = "the MRZ of another card"
    QR_DIGIT = "a digit of the QR code"
    QR_OF_ANOTHER = "the QR code of another card"
    NAME = "another printed given name"
    SURNAME = "another printed surname"
    BACK_OF_ANOTHER = "the back of another card"
    EXPIRED = "expired"
    FACE = "held by somebody else"
    ON_A_PHONE = "photocopies on a phone's screen"


@dataclass(frozen=True, slots=True)
class Forged:
    """A document with something wrong.

    Attributes:
        forgery: What.
        front, back: The specimens whose sides are shown; the same one unless two cards are mixed.
        live: Which portrait the person at the desk has.
        on_a_phone: Whether both sides are shown on a screen.
    """

    forgery: Forgery
    front: Specimen
    back: Specimen
    live: int
    on_a_phone: bool = False


def forged(seed: int, forgery: Forgery, *, today: date = TODAY) -> Forged:
    """Returns a document with one thing wrong, drawn from a seed; passports only where they have what is forged."""
    random = Random(f"forged {seed} {forgery.name}")
    cards = (Series.CARD_2013, Series.CARD_2024, Series.FOREIGN_2013, Series.FOREIGN_2024)
    one_sided = {Forgery.QR_DIGIT, Forgery.QR_OF_ANOTHER, Forgery.BACK_OF_ANOTHER}
    series = random.choice(cards if forgery in one_sided else (*cards, Series.PASSPORT))
    card = specimen(seed, series, today=today)
    other = specimen(seed + 1_000_003, series, today=today)
    holder = card.holder
    live = card.portrait
    changed = card
    match forgery:
        case Forgery.RUN_DIGIT:
            changed = _printed(card, run=_one_digit(holder.run[:-2], random) + holder.run[-2:])
        case Forgery.RUN_ANOTHER:
            changed = _printed(card, run=run_of(int(_one_digit(holder.run[:-2], random))))
        case Forgery.NUMBER_DIGIT:
            changed = replace(card, number=_one_digit(card.number, random))
        case Forgery.BIRTH_PRINTED:
            changed = _printed(card, birth=_other_day(holder.birth, random))
        case Forgery.EXPIRY_PRINTED:
            changed = replace(card, expires=card.expires + timedelta(days=random.randrange(30, 900)))
        case Forgery.MRZ_DIGIT:
            row = 0 if series is not Series.PASSPORT and random.random() < 0.4 else 1
            changed = replace(card, mrz=_with_row(card.mrz, row, _one_digit(card.mrz[row], random, row == 0)))
        case Forgery.MRZ_REWRITTEN:
            birth = _other_day(holder.birth, random)
            changed = replace(card, mrz=_again(card, replace(holder, birth=birth)).mrz)
        case Forgery.MRZ_OF_ANOTHER:
            changed = replace(card, mrz=other.mrz)
        case Forgery.QR_DIGIT:
            changed = replace(card, qr=_one_digit(card.qr or "", random))
        case Forgery.QR_OF_ANOTHER:
            changed = replace(card, qr=other.qr)
        case Forgery.NAME:
            changed = _printed(card, given_names=_other_name(holder.given_names, random, today))
        case Forgery.SURNAME:
            changed = _printed(card, surnames=other.holder.surnames)
        case Forgery.BACK_OF_ANOTHER:
            return Forged(forgery, card, other, live)
        case Forgery.EXPIRED:
            day = today - timedelta(days=random.randrange(1, 700))
            old = max(day - timedelta(days=3650), date(2013, 9, 2))
            changed = written(series, holder, card.number, old, day, portrait=card.portrait, look=card.look)
        case Forgery.FACE:
            live = card.portrait + 1
        case Forgery.ON_A_PHONE:
            return Forged(forgery, card, card, live, on_a_phone=True)
    return Forged(forgery, changed, changed, live)


def _printed(card: Specimen, **changes: object) -> Specimen:
    """Returns a specimen on which only what is printed of its holder is another."""
    return replace(card, holder=replace(card.holder, **changes))  # type: ignore[arg-type]


def _again(card: Specimen, holder: Holder) -> Specimen:
    return written(card.series, holder, card.number, card.issued, card.expires, portrait=card.portrait, look=card.look)


def _one_digit(text: str, random: Random, head: bool = False) -> str:
    """Returns a text with one of its digits replaced by another digit; of a head, one of its first 15 characters."""
    places = [place for place, letter in enumerate(text[:15] if head else text) if letter in _DIGITS]
    place = random.choice(places)
    return text[:place] + random.choice(_DIGITS.replace(text[place], "")) + text[place + 1 :]


def _with_row(rows: tuple[str, ...], row: int, text: str) -> tuple[str, ...]:
    return (*rows[:row], text, *rows[row + 1 :])


def _other_day(day: date, random: Random) -> date:
    return day + timedelta(days=random.choice((-1, 1)) * random.randrange(1, 200))


def _other_name(name: str, random: Random, today: date) -> str:
    """Returns given names that begin with other letters."""
    while True:
        other = invented(random, today).given_names
        if other[:2] != name[:2]:
            return other
