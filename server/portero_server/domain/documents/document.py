"""What is read from a document: lines and codes as they come, and fields with all their sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.reasons import Reason


class DocumentKind(Enum):
    """Which document it is; the years are those in which a series began."""

    ID_CARD_2013 = "id_card_2013"
    ID_CARD_2024 = "id_card_2024"
    ID_CARD_LEGACY = "id_card_legacy"
    """The Chilean card before 2013, with a PDF417 code; all have expired."""
    FOREIGN_ID_2013 = "foreign_id_2013"
    """The Chilean card of a foreign resident."""
    FOREIGN_ID_2024 = "foreign_id_2024"
    PASSPORT = "passport"
    """A passport page of any country."""
    UNKNOWN = "unknown"

    @property
    def has_run(self) -> bool:
        """Whether such a document always bears a RUN."""
        return self not in (DocumentKind.PASSPORT, DocumentKind.UNKNOWN)


class CardSide(Enum):
    """A side of the document; a passport has its FRONT only."""

    FRONT = "front"
    BACK = "back"


class Zone(Enum):
    """Where on the document a value was read."""

    PRINT = "print"
    MRZ = "mrz"
    QR = "qr"
    PDF417 = "pdf417"


class Field(Enum):
    """What is read of a document, in the order of a report."""

    RUN = "run"
    DOCUMENT_NUMBER = "document_number"
    SURNAMES = "surnames"
    GIVEN_NAMES = "given_names"
    NATIONALITY = "nationality"
    SEX = "sex"
    BIRTH_DATE = "birth_date"
    ISSUE_DATE = "issue_date"
    EXPIRY_DATE = "expiry_date"


PROVED = (Field.RUN, Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.EXPIRY_DATE)
"""The fields that check digits guard: print and such a zone must both say the same before somebody is accepted."""


class Agreement(Enum):
    """What the sources of a field say together."""

    AGREES = "agrees"
    """At least two zones, and all say the same."""
    SINGLE = "single"
    """One zone alone."""
    DIFFERS = "differs"
    """Two zones contradict each other; the value is the one to show, not one to rely on."""
    MISSING = "missing"
    BEGINS_ALIKE = "begins_alike"
    """The zones agree on the first given name, and the MRZ's line ends before the others do."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of text as an engine read it.

    Attributes:
        content: As read, with accents or without.
        confidence: 0..1.
        box: Where, in ratios of the rectified side.
        side: Which side it is on.
    """

    content: str
    confidence: float
    box: Box
    side: CardSide = CardSide.FRONT


@dataclass(frozen=True, slots=True)
class ReadCode:
    """A decoded bar code: `symbology` is "qr" or "pdf417", `content` its text (ISO 8859-1 where it was bytes)."""

    symbology: str
    content: str
    side: CardSide = CardSide.BACK
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class CardText:
    """Everything that was read from a document, in any order."""

    lines: tuple[ReadLine, ...] = ()
    codes: tuple[ReadCode, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldSource:
    """What one zone says of one field.

    Attributes:
        zone: Where it was read.
        value: Normalized: dates as 2030-12-31, a RUN as 12345678-5, names in capitals, SEX as F, M or X,
            NATIONALITY as the ICAO code of three letters where it is known.
        confidence: 0..1, of the line it comes from; 1 for a code.
        side: Which side; box: where on it, or None.
        check_digit: Whether its check digit is right; None where it has none.
        repaired: Whether characters were corrected to get there; O where only 0 can stand does not count.
    """

    zone: Zone
    value: str
    confidence: float
    side: CardSide
    box: Box | None = None
    check_digit: bool | None = None
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class FieldReading:
    """A field: its value, or None when nothing reliable was read; all its sources; and whether they agree."""

    field: Field
    value: str | None
    sources: tuple[FieldSource, ...] = ()
    agreement: Agreement = Agreement.MISSING

    def source(self, zone: Zone) -> FieldSource | None:
        """Returns what a zone says, or None."""
        return next((source for source in self.sources if source.zone is zone), None)


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """What a document says.

    Attributes:
        kind: Which document it is.
        fields: One for each `Field`, in that order.
        reasons: What is wrong with document and text by themselves, without face or guest list.
        sides: The sides of which anything was read.
    """

    kind: DocumentKind
    fields: tuple[FieldReading, ...]
    reasons: tuple[Reason, ...] = ()
    sides: frozenset[CardSide] = frozenset()

    def reading(self, field: Field) -> FieldReading:
        """Returns the reading of a field, empty where there is none."""
        return next((reading for reading in self.fields if reading.field is field), FieldReading(field, None))

    def value(self, field: Field) -> str | None:
        """Returns the value of a field, or None."""
        return self.reading(field).value
