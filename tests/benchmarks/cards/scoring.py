"""Holds what was read of a case against what is printed, and judges it as a check-in would."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from portero_server.documents.reading import DocumentRead
from portero_server.domain.documents.document import DocumentReading, Field
from portero_server.domain.documents.judgment import CheckInResult, FaceEvidence, Liveness, judge
from tests.benchmarks.cards.cases import Case, CaseKey
from tests.support.cards.forgeries import Forgery
from tests.support.cards.specimen import TODAY

CRITICAL = ("run", "document_number", "birth_date", "expiry_date")
NAMES = ("surnames", "given_names")
AFTER_FIRST = "after first"
EXPECTED = {
    Forgery.RUN_DIGIT: {"run_check_digit", "fields_differ", "qr_differs"},
    Forgery.RUN_ANOTHER: {"fields_differ", "qr_differs", "run_check_digit"},
    Forgery.NUMBER_DIGIT: {"fields_differ", "qr_differs"},
    Forgery.BIRTH_PRINTED: {"fields_differ", "qr_differs"},
    Forgery.EXPIRY_PRINTED: {"fields_differ", "qr_differs"},
    Forgery.MRZ_DIGIT: {"mrz_check_digit", "fields_differ", "qr_differs", "repaired", "run_check_digit"},
    Forgery.MRZ_REWRITTEN: {"fields_differ", "qr_differs"},
    Forgery.MRZ_OF_ANOTHER: {"fields_differ", "qr_differs", "name_differs"},
    Forgery.QR_DIGIT: {"qr_differs", "mrz_check_digit", "run_check_digit"},
    Forgery.QR_OF_ANOTHER: {"qr_differs"},
    Forgery.NAME: {"name_differs"},
    Forgery.SURNAME: {"name_differs"},
    Forgery.BACK_OF_ANOTHER: {"fields_differ", "qr_differs", "name_differs"},
    Forgery.EXPIRED: {"expired"},
    Forgery.FACE: {"face_differs"},
    Forgery.ON_A_PHONE: {"suspected_spoof"},
}
"""The reasons that name what is wrong; one of them is enough."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A case that was read and judged.

    Attributes:
        number: Of the case.
        group: "genuine", or the forgery's name.
        level, size, series: How it was shown, and what.
        legible: See `Case.legible`.
        fields: "right", "wrong" or "missing" by field.
        letters: The same for names without accents and spaces; "after first" where given names are right in the first
            one and wrong behind it, where an MRZ may be cut off.
        result: As in `CheckInResult`.
        reasons: By name.
        sources: Zones by which critical fields were read: "qr", "mrz", "print".
        calls: Calls that read text.
        seconds: From pictures to result.
    """

    number: int
    group: str
    level: str
    size: str
    series: str
    legible: bool
    fields: dict[str, str]
    letters: dict[str, str]
    result: str
    reasons: tuple[str, ...]
    sources: tuple[str, ...]
    calls: int
    seconds: float

    @property
    def key(self) -> CaseKey:
        """Names its case."""
        return CaseKey(self.group == "genuine", self.number)

    @property
    def wrongly_accepted(self) -> bool:
        """Whether it was accepted with a critical field or a name that is not the document's, or forged."""
        if self.result != CheckInResult.ACCEPTED.value:
            return False
        values = [self.fields[name] for name in CRITICAL] + list(self.letters.values())
        return self.group != "genuine" or any(value not in ("right", AFTER_FIRST) for value in values)

    @property
    def accepted_in_part(self) -> bool:
        """Whether it was accepted with given names that are wrong behind the first one."""
        return self.result == CheckInResult.ACCEPTED.value and AFTER_FIRST in self.letters.values()

    @property
    def named(self) -> bool:
        """Whether a reason says what is wrong with a forgery."""
        return bool(EXPECTED[Forgery[self.group]] & set(self.reasons))

    def to_json(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return asdict(self)


def from_json(document: dict[str, Any]) -> Scored:
    """Returns what `to_json` wrote."""
    return Scored(**{**document, "reasons": tuple(document["reasons"]), "sources": tuple(document["sources"])})


def score(case: Case, read: DocumentRead, face: FaceEvidence, liveness: Liveness, seconds: float) -> Scored:
    """Scores a case."""
    reading = read.reading
    report = judge(reading, face, liveness, TODAY)
    truth = case.specimen.truth
    return Scored(
        number=case.number,
        group="genuine" if case.forged is None else case.forged.forgery.name,
        level=case.level.name,
        size=f"{case.size[0]}x{case.size[1]}",
        series=case.specimen.series.value,
        legible=case.legible,
        fields={field.value: _outcome(reading.value(field), truth[field.value]) for field in Field},
        letters={name: _letters(reading, Field(name), truth[name]) for name in NAMES},
        result=report.result.value,
        reasons=tuple(reason.value for reason in report.reasons),
        sources=_sources(reading),
        calls=read.calls,
        seconds=round(seconds, 3),
    )


def _outcome(value: str | None, truth: str) -> str:
    return "missing" if value is None else "right" if value == truth else "wrong"


def _letters(reading: DocumentReading, field: Field, truth: str) -> str:
    value = reading.value(field)
    outcome = _outcome(_plain(value), _plain(truth) or "")
    if outcome != "wrong" or field is not Field.GIVEN_NAMES or not value:
        return outcome
    first, _, _ = truth.partition(" ")
    return AFTER_FIRST if _plain(value.partition(" ")[0]) == _plain(first) else outcome


def _plain(name: str | None) -> str | None:
    if name is None:
        return None
    return "".join(letter for letter in unicodedata.normalize("NFD", name) if letter.isalpha())


def _sources(reading: DocumentReading) -> tuple[str, ...]:
    zones = {source.zone.value for name in CRITICAL for source in reading.reading(Field(name)).sources}
    return tuple(sorted(zones))
