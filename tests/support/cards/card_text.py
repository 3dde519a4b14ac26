"""A specimen as text with places, as an engine without fault would return it: for tests of what reads text."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, CardText, ReadCode, ReadLine
from tests.support.cards.holders import NATIONALITIES
from tests.support.cards.layouts import dotted, dotted_run, spelled
from tests.support.cards.specimen import Series, Specimen

_CHARACTER = 0.017
_LABEL = 0.035
_VALUE = 0.05


def card_text(
    specimen: Specimen,
    *,
    mrz: Sequence[str] | None = None,
    qr: str | None = None,
    coded: bool = True,
    changed: dict[str, str] | None = None,
) -> CardText:
    """Returns lines and codes of a specimen.

    Args:
        specimen: What is on the document.
        mrz: Lines of the MRZ in place of the right ones.
        qr: Link in place of the right one.
        coded: Whether its code was decoded.
        changed: Printed values in place of the right ones, by label.
    """
    lines = [*front_lines(specimen, changed or {}), *mrz_lines(specimen, specimen.mrz if mrz is None else mrz)]
    codes = []
    if coded and specimen.qr is not None:
        codes.append(ReadCode("qr", qr or specimen.qr))
    if coded and specimen.pdf417 is not None:
        codes.append(ReadCode("pdf417", specimen.pdf417))
    return CardText(tuple(lines), tuple(codes))


def line(content: str, left: float, top: float, height: float, side: CardSide = CardSide.FRONT) -> ReadLine:
    """Returns a line of text at a place."""
    return ReadLine(content, 0.98, Box(left, top, len(content) * _CHARACTER, height), side)


def front_lines(specimen: Specimen, changed: dict[str, str]) -> list[ReadLine]:
    """Returns what is printed on the front: labels, and values below them."""
    holder = specimen.holder
    title = "PASAPORTE" if specimen.series is Series.PASSPORT else "CÉDULA DE IDENTIDAD"
    if specimen.series.foreign:
        title += " PARA EXTRANJEROS"
    rows = (
        (0.34, 0.20, "APELLIDOS", holder.surnames),
        (0.34, 0.32, "NOMBRES", holder.given_names),
        (0.34, 0.44, "NACIONALIDAD", NATIONALITIES[holder.nationality][holder.sex == "M"]),
        (0.67, 0.44, "SEXO", holder.sex),
        (0.34, 0.56, "FECHA DE NACIMIENTO", spelled(holder.birth)),
        (0.67, 0.56, "NÚMERO DOCUMENTO", dotted(specimen.number)),
        (0.34, 0.68, "FECHA DE EMISIÓN", spelled(specimen.issued)),
        (0.67, 0.68, "FECHA DE VENCIMIENTO", spelled(specimen.expires)),
        (0.34, 0.80, "RUN", dotted_run(holder.run)),
    )
    lines = [line("REPÚBLICA DE CHILE", 0.34, 0.02, _VALUE), line(title, 0.34, 0.12, _VALUE)]
    for left, top, label, value in rows:
        lines.append(line(label, left, top, _LABEL))
        lines.append(line(changed.get(label, value), left, top + _LABEL, _VALUE))
    return lines


def mrz_lines(specimen: Specimen, mrz: Sequence[str]) -> list[ReadLine]:
    """Returns the lines of an MRZ, where the document has them."""
    passport = specimen.series is Series.PASSPORT
    side, first = (CardSide.FRONT, 0.88) if passport else (CardSide.BACK, 0.65)
    return [
        ReadLine(content, 0.99, Box(0.05, first + 0.08 * place, 0.9, 0.06), side)
        for place, content in enumerate(mrz)
        if content
    ]
