"""The codes on Chilean cards: the QR code's link of both series, and the PDF417 code of the cards before 2013."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs, urlsplit

from portero_server.domain.documents.mrz import TD1, Mrz, check_digit
from portero_server.domain.documents.run import Run, parse_run

_REGISTRY = "registrocivil.cl"
_SERIES = {"docstatus": 2013, "document-validity": 2024}
_MRZ_COPY = re.compile(r"([0-9A-Z<]{9})(\d)(\d{6})(\d)(\d{6})(\d)", re.ASCII)
_PDF417_RUN = re.compile(r"([0-9]{7,8})([0-9K])")


@dataclass(frozen=True, slots=True)
class QrCode:
    """What the link in a card's QR code says. It is not signed, so it is as easily printed as the card.

    Attributes:
        series: 2013 or 2024, by the page that it names; 0 for another page of the registry.
        foreign: Whether the card is a foreign resident's (type CEDULA_EXT).
        run: The RUN, or None; its digit may be wrong.
        serial: The document's number as the link has it by itself, or empty.
        copy: Number, birth and expiry with their check digits, 24 characters; or empty.
    """

    series: int
    foreign: bool
    run: Run | None
    serial: str
    copy: str

    @property
    def number(self) -> str:
        """The document's number."""
        return self.copy[:9].rstrip("<") or self.serial

    @property
    def digits_right(self) -> bool:
        """Whether all check digits are right and the number says the same twice."""
        if self.run is None or not self.run.valid or (found := _MRZ_COPY.fullmatch(self.copy)) is None:
            return False
        pairs = ((found[1], found[2]), (found[3], found[4]), (found[5], found[6]))
        return all(check_digit(text) == digit for text, digit in pairs) and self.serial == self.number

    def birth(self, today: date) -> date | None:
        """Returns the date of birth, or None."""
        return self._as_mrz().birth(today) if self.copy else None

    @property
    def expiry(self) -> date | None:
        """The last day on which the document is valid, or None."""
        return self._as_mrz().expiry if self.copy else None

    def _as_mrz(self) -> Mrz:
        # The same digits at the places where a card's MRZ has them.
        text = "<" * 30 + self.copy[10:17] + "<" + self.copy[17:24] + "<" * 45
        return Mrz(TD1, text)

    def link(self) -> str:
        """Returns the link, as the card has it."""
        page = {2013: "portal.sidiv.registrocivil.cl/docstatus"}.get(
            self.series, "portal.nuevosidiv.registrocivil.cl/document-validity"
        )
        kind = "CEDULA_EXT" if self.foreign else "CEDULA"
        return f"https://{page}?RUN={self.run}&type={kind}&serial={self.serial}&mrz={self.copy}"


def read_qr(content: str) -> QrCode | None:
    """Returns what the QR code of a Chilean card says, or None when it is another code."""
    try:
        parts = urlsplit(content.strip())
        host = (parts.hostname or "").lower()
        query = {name.lower(): values[0] for name, values in parse_qs(parts.query).items()}
    except ValueError:
        return None
    if host != _REGISTRY and not host.endswith("." + _REGISTRY):
        return None
    series = _SERIES.get(parts.path.strip("/").lower(), 0)
    copy = query.get("mrz", "").strip().upper()
    if not series and "run" not in query:
        return None
    return QrCode(
        series=series,
        foreign=query.get("type", "").upper() == "CEDULA_EXT",
        run=parse_run(query.get("run", "")),
        serial=query.get("serial", "").strip().upper(),
        copy=copy if _MRZ_COPY.fullmatch(copy) else "",
    )


@dataclass(frozen=True, slots=True)
class LegacyCode:
    """What the PDF417 code of a card before 2013 says: RUN, and the first surname, cut at eleven characters."""

    run: Run
    surname: str


def read_pdf417(content: str) -> LegacyCode | None:
    """Returns what the PDF417 code of an old Chilean card says, or None when it is another code.

    The RUN is in the first nine characters, with its digit and without a dash; a short one is padded on the right.
    The surname begins at the twentieth character and ends with blanks or zero bytes.
    """
    head = content[:9].upper().replace("\0", " ").strip()
    found = _PDF417_RUN.fullmatch(head)
    if found is None or not (run := Run(int(found[1]), found[2])).valid:
        return None
    surname = re.match(r"[^\W\d_](?:[^\W\d_]|[ '-])*", content[19:30].replace("\0", "|"))
    return LegacyCode(run, surname[0].strip().upper() if surname else "")
