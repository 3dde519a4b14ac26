"""What each zone says of each field, brought to one form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from portero_server.domain.documents.codes import LegacyCode, QrCode
from portero_server.domain.documents.document import PROVED, CardSide, Field, FieldSource, ReadCode, Zone
from portero_server.domain.documents.mrz import TD1, UNKNOWN, CheckRule, Mrz, digit_is_right
from portero_server.domain.documents.mrz_lines import MrzRow, MrzRows
from portero_server.domain.documents.mrz_repair import Repair
from portero_server.domain.documents.names import split_names
from portero_server.domain.documents.print_zone import PrintedZone


def print_sources(zones: Mapping[CardSide, PrintedZone]) -> dict[Field, FieldSource]:
    """Returns what is printed, the front before the back."""
    found: dict[Field, FieldSource] = {}
    for side, zone in zones.items():
        for field, printed in zone.values.items():
            right = zone.run.valid if field is Field.RUN and zone.run is not None else None
            found.setdefault(
                field, FieldSource(Zone.PRINT, printed.value, printed.confidence, side, printed.box, check_digit=right)
            )
    return found


def qr_sources(code: ReadCode, qr: QrCode, today: date) -> list[tuple[Field, FieldSource]]:
    """Returns what a QR code says; the number twice where it says two."""
    right = qr.digits_right if qr.copy else None
    birth, expiry = qr.birth(today), qr.expiry
    values = [
        (Field.RUN, str(qr.run) if qr.run is not None else None),
        (Field.DOCUMENT_NUMBER, qr.number or None),
        (Field.BIRTH_DATE, birth.isoformat() if birth is not None else None),
        (Field.EXPIRY_DATE, expiry.isoformat() if expiry is not None else None),
    ]
    if qr.serial and qr.serial != qr.number:
        values.append((Field.DOCUMENT_NUMBER, qr.serial))
    return [
        (field, FieldSource(Zone.QR, value, 1.0, code.side, code.box, check_digit=right))
        for field, value in values
        if value is not None
    ]


def legacy_sources(code: ReadCode, legacy: LegacyCode) -> list[tuple[Field, FieldSource]]:
    """Returns what the code of a card before 2013 says."""
    values = [(Field.RUN, str(legacy.run), True), (Field.SURNAMES, legacy.surname, None)]
    return [
        (field, FieldSource(Zone.PDF417, value, 1.0, code.side, code.box, check_digit=right))
        for field, value, right in values
        if value
    ]


def mrz_sources(
    rows: MrzRows, repaired: Repair, others: Mapping[Field, Iterable[str]], today: date
) -> dict[Field, FieldSource]:
    """Returns what an MRZ says.

    Args:
        rows: Its rows as found.
        repaired: What they say after correction.
        others: What other zones say of each field, the surer first: where the MRZ may say several things, and one of
            them is that, it is taken.
        today: Nobody was born after it.
    """
    found: dict[Field, FieldSource] = {}
    for field in PROVED:
        value, right, changed = _proved(field, repaired, others.get(field, ()), today)
        row = _row_of(rows, field)
        if value is not None and row is not None:
            found[field] = _source(row, value, check_digit=right, repaired=changed)
    mrz = repaired.mrz
    for field, value in ((Field.SEX, mrz.sex), (Field.NATIONALITY, mrz.nationality)):
        row = _row_of(rows, field)
        if row is not None and UNKNOWN not in value and value.isalpha():
            found[field] = _source(row, value)
    surnames, given = split_names(rows.names)
    row = _row_of(rows, Field.SURNAMES)
    for field, value in ((Field.SURNAMES, surnames), (Field.GIVEN_NAMES, given)):
        if row is not None and value:
            found[field] = _source(row, value)
    return found


def _source(row: MrzRow, value: str, *, check_digit: bool | None = None, repaired: bool = False) -> FieldSource:
    return FieldSource(Zone.MRZ, value, row.confidence, row.side, row.box, check_digit=check_digit, repaired=repaired)


def _proved(field: Field, repaired: Repair, others: Iterable[str], today: date) -> tuple[str | None, bool | None, bool]:
    """Returns value, whether its check digits are right, and whether it was corrected."""
    if repaired.sound:
        return mrz_value(repaired.mrz, field, today), True, repaired.repaired
    possible = {mrz_value(each, field, today) for each in repaired.possible}
    if len(possible) == 1:
        return possible.pop(), True, True
    fitting = next((other for other in others if other in possible), None)
    if fitting is not None:
        return fitting, True, True
    value = mrz_value(repaired.mrz, field, today)
    if value is None or UNKNOWN in value:
        return None, None, False
    # One that has no digit of its own, or whose zone was read in part, is unproved; otherwise some digit is wrong.
    unread = any(digit_is_right(repaired.mrz.text, rule) is None for rule in repaired.mrz.layout.rules)
    own = own_digit_right(repaired.mrz, field)
    return value, None if unread and own is not False else False, False


def own_digit_right(mrz: Mrz, field: Field) -> bool | None:
    """Whether a field's own check digit is right, whatever the others are."""
    rules: dict[Field, CheckRule] = {
        Field.DOCUMENT_NUMBER: mrz.layout.number_rule,
        Field.BIRTH_DATE: mrz.layout.birth_rule,
        Field.EXPIRY_DATE: mrz.layout.expiry_rule,
    }
    if field is Field.RUN:
        return mrz.run.valid if mrz.run is not None else None
    return digit_is_right(mrz.text, rules[field]) if field in rules else None


def mrz_value(mrz: Mrz, field: Field, today: date) -> str | None:
    """Returns what an MRZ says of a proved field, in the form of a reading."""
    if field is Field.RUN:
        return str(mrz.run) if mrz.run is not None else None
    if field is Field.DOCUMENT_NUMBER:
        return mrz.number or None
    day = mrz.birth(today) if field is Field.BIRTH_DATE else mrz.expiry
    return day.isoformat() if day is not None else None


def _row_of(rows: MrzRows, field: Field) -> MrzRow | None:
    in_names = field in (Field.SURNAMES, Field.GIVEN_NAMES)
    if rows.layout is TD1:
        return rows.rows[2 if in_names else 0 if field is Field.DOCUMENT_NUMBER else 1]
    return rows.rows[0 if in_names else 1]
