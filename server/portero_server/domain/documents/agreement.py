"""Whether the sources of a field say the same, and which value is shown if they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portero_server.domain.documents.confusions import twins
from portero_server.domain.documents.document import Agreement, Field, FieldReading, FieldSource, Zone
from portero_server.domain.documents.mrz import check_digit
from portero_server.domain.documents.names import ends_shown, lost_fillers, names_agree, spaced_as, split_names
from portero_server.domain.documents.print_values import known_nationality

# How much a source's value weighs where they differ. Only shown: what differs is never relied on.
_QR_RIGHT, _MRZ_RIGHT, _MRZ_CORRECTED, _PRINT, _UNPROVED, _WRONG = 4.0, 3.0, 2.0, 2.0, 1.5, 0.5


def agreed(field: Field, sources: Sequence[FieldSource]) -> FieldReading:
    """Returns a field's reading from what its zones say."""
    sources = tuple(sources)
    if not sources:
        return FieldReading(field, None)
    weights: dict[str, float] = {}
    for source in sources:
        weights[source.value] = weights.get(source.value, 0.0) + _weight(source)
    value: str | None = max(weights, key=lambda each: (weights[each], each))
    if weights[value or ""] <= _WRONG:
        value = None
    if len(weights) > 1:
        return FieldReading(field, value, sources, Agreement.DIFFERS)
    several = len({source.zone for source in sources}) > 1
    return FieldReading(field, value, sources, Agreement.AGREES if several else Agreement.SINGLE)


def _weight(source: FieldSource) -> float:
    if source.check_digit is False:
        return _WRONG
    if source.zone is Zone.PRINT:
        return _PRINT
    if source.check_digit is None:
        return _UNPROVED
    if source.zone is Zone.MRZ:
        return _MRZ_CORRECTED if source.repaired else _MRZ_RIGHT
    return _QR_RIGHT


def comparable(sources: Sequence[FieldSource]) -> list[FieldSource]:
    """Returns the sources of a nationality: without a printed word that has no known code, where there is a code."""
    known = [source for source in sources if source.zone is not Zone.PRINT or known_nationality(source.value)]
    return known or list(sources)


def same_number(sources: Sequence[FieldSource]) -> list[FieldSource]:
    """Returns the sources of a document number, a printed one corrected where only the proved one is possible.

    Print has no check digit, but if the proved number and the printed one differ by usual confusions alone, and the
    printed one does not have the proved one's check digit, it was misread. If it has (G for 6, L for 1), nobody knows
    which one is right, and they differ.
    """
    proved = {source.value for source in sources if source.zone is not Zone.PRINT and source.check_digit}
    if len(proved) != 1:
        return list(sources)
    number = proved.pop()
    return [
        replace(source, value=number, repaired=True)
        if source.zone is Zone.PRINT and source.value != number and _misread(source.value, number)
        else source
        for source in sources
    ]


def _misread(printed: str, proved: str) -> bool:
    if not twins(printed, proved) or not printed.isascii():
        return False
    return check_digit(printed.ljust(9, "<")) != check_digit(proved.ljust(9, "<"))


def agreed_names(fields: dict[Field, FieldReading], read: str, width: int) -> None:
    """Puts printed names in place of those agreed on word by word: the MRZ is only their prefix check.

    Args:
        fields: All readings; those of the names are replaced.
        read: The names of the MRZ as they were read.
        width: How many characters of them an MRZ has.
    """
    surnames, given = fields[Field.SURNAMES], fields[Field.GIVEN_NAMES]
    printed = [reading.source(Zone.PRINT) for reading in (surnames, given)]
    if printed[0] is None or printed[1] is None:
        return
    same = names_agree(printed[0].value, printed[1].value, read, width)
    shown = ends_shown(printed[0].value, printed[1].value, read, width)
    ends = ((shown.surnames, False), (shown.given_names, shown.first_given_name))
    for reading, source, part, (whole, begun) in zip((surnames, given), printed, split_names(read), ends, strict=True):
        if source is None:
            continue
        # An MRZ that was read in part still says where words end, as far as its letters are the printed ones.
        value = source.value if same is False else spaced_as(source.value, part, lost=lost_fillers(read, width))
        others = tuple(each for each in reading.sources if each.zone is not Zone.PRINT)
        agreement = Agreement.DIFFERS if same is False else Agreement.SINGLE
        if same and (whole or begun):
            agreement = Agreement.AGREES if whole else Agreement.BEGINS_ALIKE
        fields[reading.field] = FieldReading(reading.field, value, (replace(source, value=value), *others), agreement)
