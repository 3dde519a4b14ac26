"""Specimens: which document somebody holds, and what it says, zone by zone, so that each can be forged by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from random import Random

from tests.support.cards.holders import Holder, invented
from tests.support.cards.zone_writer import MrzContent, pdf417_text, qr_link, td1, td3

TODAY = date(2026, 11, 27)
"""The day on which specimens are shown."""
_LONGEST = 10 * 365


class Series(Enum):
    """What is printed: the series of cards, and a passport's page."""

    CARD_2013 = "card_2013"
    CARD_2024 = "card_2024"
    FOREIGN_2013 = "foreign_2013"
    FOREIGN_2024 = "foreign_2024"
    PASSPORT = "passport"
    LEGACY = "legacy"

    @property
    def new(self) -> bool:
        """Whether it is of the series that began in 2024."""
        return self in (Series.CARD_2024, Series.FOREIGN_2024)

    @property
    def foreign(self) -> bool:
        """Whether it is a foreign resident's."""
        return self in (Series.FOREIGN_2013, Series.FOREIGN_2024)

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that are shown."""
        return ("front",) if self is Series.PASSPORT else ("front", "back")


@dataclass(frozen=True, slots=True)
class Specimen:
    """A document, zone by zone. `truth` is the same in all of them unless somebody forged it.

    Attributes:
        series: Which document.
        holder: Who is printed.
        number: Document number, without dots.
        issued: Day of issue.
        expires: Last day.
        mrz: Lines of the machine readable zone; none on cards before 2013.
        qr: Link in the QR code, or None.
        pdf417: Text of the PDF417 code, or None.
        portrait: Which portrait, by its place among `portraits.PORTRAITS`.
        look: Seed of fonts, background and pen.
    """

    series: Series
    holder: Holder
    number: str
    issued: date
    expires: date
    mrz: tuple[str, ...]
    qr: str | None
    pdf417: str | None
    portrait: int
    look: int

    @property
    def truth(self) -> dict[str, str]:
        """What is printed, by the names and in the forms of a reading's fields."""
        holder = self.holder
        return {
            "run": holder.run,
            "document_number": self.number,
            "surnames": holder.surnames,
            "given_names": holder.given_names,
            "nationality": holder.nationality,
            "sex": holder.sex,
            "birth_date": holder.birth.isoformat(),
            "issue_date": self.issued.isoformat(),
            "expiry_date": self.expires.isoformat(),
        }


def written(
    series: Series, holder: Holder, number: str, issued: date, expires: date, *, portrait: int, look: int
) -> Specimen:
    """Returns an unforged specimen."""
    short_code = ("", "S47", "A21")[look % 3] if not series.new else ""
    content = MrzContent(holder, number, expires, short_code, "IE" if series.foreign and look % 2 else "IN")
    legacy, passport = series is Series.LEGACY, series is Series.PASSPORT
    return Specimen(
        series=series,
        holder=holder,
        number=number,
        issued=issued,
        expires=expires,
        mrz=() if legacy else td3(content) if passport else td1(content),
        qr=None if legacy or passport else qr_link(content, new=series.new, foreign=series.foreign),
        pdf417=pdf417_text(content) if legacy else None,
        portrait=portrait,
        look=look,
    )


def specimen(seed: int, series: Series | None = None, *, today: date = TODAY) -> Specimen:
    """Returns a valid specimen drawn from a seed; all series but the one before 2013 unless one is named."""
    random = Random(f"specimen {seed}")
    series = series or random.choice(
        [Series.CARD_2013, Series.CARD_2024] * 2 + [Series.FOREIGN_2013, Series.FOREIGN_2024, Series.PASSPORT]
    )
    nationality = random.choice(("VEN", "PER", "COL", "HTI", "BOL", "ARG")) if series.foreign else "CHL"
    holder = invented(random, today, nationality)
    expires = today + timedelta(days=random.randrange(30, 9 * 365 + 180))
    issued = expires - timedelta(days=_LONGEST + 2)
    if series is Series.LEGACY:
        issued = date(2012, 1, 1) + timedelta(days=random.randrange(600))
        expires = date(issued.year + 6, issued.month, min(issued.day, 28))
    elif series.new:
        issued = max(issued, min(date(2024, 12, 16), today))
    number = _number(series, random)
    return written(
        series, holder, number, issued, expires, portrait=random.randrange(4), look=random.randrange(1_000_000)
    )


def _number(series: Series, random: Random) -> str:
    if series is Series.PASSPORT:
        return random.choice("FPU") + f"{random.randrange(10**8):08}"
    if series.new:
        return random.choice("ABCX") + f"{random.randrange(10**8):08}"
    return str(random.randrange(100_000_000, 699_999_999))
