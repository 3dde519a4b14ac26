"""Reads a document: all zones, each field with its sources, and whether they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

from portero_server.domain.documents.agreement import agreed, agreed_names, comparable, same_number
from portero_server.domain.documents.codes import LegacyCode, QrCode, read_pdf417, read_qr
from portero_server.domain.documents.document import (
    CardSide,
    CardText,
    DocumentKind,
    DocumentReading,
    Field,
    FieldReading,
    FieldSource,
    Zone,
)
from portero_server.domain.documents.document_checks import document_reasons
from portero_server.domain.documents.mrz import TD3
from portero_server.domain.documents.mrz_lines import MrzRows, find_mrz
from portero_server.domain.documents.mrz_repair import Repair, repair
from portero_server.domain.documents.names import names_in_rows, rows_of_name, split_names
from portero_server.domain.documents.print_zone import PrintedZone, read_print
from portero_server.domain.documents.zones import legacy_sources, mrz_sources, print_sources, qr_sources

# So many labels of the printed zone make a side one of a document, and not a page with the word in it.
_LABELS_OF_A_CARD = 3
# Or so many values where all layouts have them: small labels are lost first.
_VALUES_OF_A_CARD = 4


@dataclass(frozen=True, slots=True)
class _Zones:
    printed: dict[CardSide, PrintedZone]
    qr: QrCode | None
    legacy: LegacyCode | None
    rows: MrzRows | None
    repaired: Repair | None


def read_text(text: CardText, today: date) -> DocumentReading:
    """Returns what a document says.

    Args:
        text: Everything that was read from it, in any order, with boxes in ratios of each rectified side.
        today: The site's date.
    """
    printed = {side: read_print(text.lines, side) for side in CardSide}
    sources: dict[Field, list[FieldSource]] = {field: [] for field in Field}
    for field, source in print_sources(printed).items():
        sources[field].append(source)
    qr, legacy = None, None
    for code in text.codes:
        if code.symbology == "qr" and (read := read_qr(code.content)) is not None:
            # Every code counts: two that differ are a difference.
            qr = qr or read
            for field, source in qr_sources(code, read, today):
                _add(sources[field], source)
        elif code.symbology == "pdf417" and legacy is None and (old := read_pdf417(code.content)) is not None:
            legacy = old
            for field, source in legacy_sources(code, old):
                sources[field].append(source)
    rows = find_mrz(text.lines)
    repaired = repair(rows.layout, rows.text, today) if rows is not None else None
    if rows is not None and repaired is not None:
        # What the code says is exact; what is printed was read like the MRZ.
        _part_names(sources, printed, rows)
        others = {field: [each.value for each in reversed(found)] for field, found in sources.items()}
        for field, source in mrz_sources(rows, repaired, others, today).items():
            sources[field].append(source)
    zones = _Zones(printed, qr, legacy, rows, repaired)
    _confirm_by_print(sources, printed)
    sources[Field.NATIONALITY] = comparable(sources[Field.NATIONALITY])
    sources[Field.DOCUMENT_NUMBER] = same_number(sources[Field.DOCUMENT_NUMBER])
    fields = {field: agreed(field, tuple(found)) for field, found in sources.items()}
    if rows is not None:
        width = rows.layout.names[1] - rows.layout.names[0]
        agreed_names(fields, rows.names, width)
    kind = _kind(zones, fields)
    reading = DocumentReading(kind, tuple(fields[field] for field in Field), sides=_sides(text, zones, kind))
    return replace(reading, reasons=document_reasons(reading, today))


def _add(found: list[FieldSource], source: FieldSource) -> None:
    if not any(each.zone is source.zone and each.value == source.value for each in found):
        found.append(source)


def _part_names(sources: dict[Field, list[FieldSource]], printed: dict[CardSide, PrintedZone], rows: MrzRows) -> None:
    """Puts names whose labels were not read, names_in_rows as the MRZ parts them."""
    fields = (Field.SURNAMES, Field.GIVEN_NAMES)
    for side, zone in printed.items():
        found = zone.name_rows
        values = [row.value for row in found]
        # As few rows as the MRZ needs: of a row beyond its end nothing says that it is a name, and not a misread label.
        width = rows.layout.names[1] - rows.layout.names[0]
        partings = ((last, names_in_rows(values[: last + 1], rows.names, width)) for last in range(len(values)))
        last, parts = next(((last, parts) for last, parts in partings if parts is not None), (-1, None))
        for place, (field, name) in enumerate(zip(fields, split_names(rows.names), strict=True)):
            if any(source.zone is Zone.PRINT for source in sources[field]):
                continue
            # Where one of both was misread, or the MRZ is cut off too early, the other may still be told.
            own = _rows_with(values[: last + 1], parts[place]) if parts is not None else rows_of_name(values, name)
            if own is None:
                continue
            lines = [found[row] for row in own]
            value = parts[place] if parts is not None else " ".join(line.value for line in lines)
            box, confidence = lines[0].box, min(line.confidence for line in lines)
            for line in lines[1:]:
                box = box.union(line.box)
            sources[field].append(FieldSource(Zone.PRINT, value, confidence, side, box))


def _rows_with(rows: Sequence[str], name: str) -> range:
    """Returns the rows below each other that hold a name and nothing else, or all rows where that is not certain."""
    letters = name.replace(" ", "")
    spans = [range(*span) for span in combinations(range(len(rows) + 1), 2)]
    holding = [span for span in spans if "".join(rows[span.start : span.stop]).replace(" ", "") == letters]
    return holding[0] if len(holding) == 1 else range(len(rows))


def _confirm_by_print(sources: dict[Field, list[FieldSource]], printed: dict[CardSide, PrintedZone]) -> None:
    """Puts printed dates and numbers whose label and place tell nothing, where they are what another zone proves."""
    for field in (Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.EXPIRY_DATE):
        found = sources[field]
        proved = {source.value for source in found if source.check_digit and not source.repaired}
        if len(proved) != 1 or any(source.zone is Zone.PRINT for source in found):
            continue
        for side, zone in printed.items():
            same = next((each for each in zone.others if each.value in proved), None)
            if same is not None:
                found.insert(0, FieldSource(Zone.PRINT, same.value, same.confidence, side, same.box))
                break


def _kind(zones: _Zones, fields: dict[Field, FieldReading]) -> DocumentKind:
    mrz = zones.repaired.mrz if zones.repaired is not None else None
    if zones.legacy is not None and mrz is None and zones.qr is None:
        return DocumentKind.ID_CARD_LEGACY
    if mrz is not None and mrz.layout is TD3:
        return DocumentKind.PASSPORT
    printed = any(map(_is_document, zones.printed.values()))
    if zones.qr is None and (mrz is None or mrz.issuer != "CHL") and not printed:
        return DocumentKind.UNKNOWN
    if mrz is not None and zones.rows is not None and zones.rows.rows[0] is not None and mrz.issuer != "CHL":
        return DocumentKind.UNKNOWN
    number = fields[Field.DOCUMENT_NUMBER].value or ""
    nationality = fields[Field.NATIONALITY].value
    new = zones.qr.series == 2024 if zones.qr is not None and zones.qr.series else number[:1].isalpha()
    foreign = (
        (zones.qr is not None and zones.qr.foreign)
        or any(zone.foreign for zone in zones.printed.values())
        or nationality not in (None, "CHL")
    )
    if foreign:
        return DocumentKind.FOREIGN_ID_2024 if new else DocumentKind.FOREIGN_ID_2013
    return DocumentKind.ID_CARD_2024 if new else DocumentKind.ID_CARD_2013


def _is_document(zone: PrintedZone) -> bool:
    return zone.labels >= _LABELS_OF_A_CARD or len(zone.values) >= _VALUES_OF_A_CARD


def _sides(text: CardText, zones: _Zones, kind: DocumentKind) -> frozenset[CardSide]:
    """Returns the sides that were seen: the front by its labels, the back by its codes or MRZ."""
    sides = {side for side, zone in zones.printed.items() if _is_document(zone)}
    if zones.rows is not None:
        sides.update(row.side for row in zones.rows.rows if row is not None)
    if zones.qr is not None or zones.legacy is not None:
        sides.update(code.side for code in text.codes)
    return frozenset(sides & {CardSide.FRONT}) if kind is DocumentKind.PASSPORT else frozenset(sides)
