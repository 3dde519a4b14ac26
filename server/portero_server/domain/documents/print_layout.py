"""Printed values without their labels, which are small and are lost first: by where all layouts have them.

On every Chilean document the date of birth stands above the other two, issue left of expiry in one row; nationality,
birth and issue begin in one column, and the names in the same, above; on cards the number is in the row of the birth,
and the sex in that of the nationality.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import Field
from portero_server.domain.documents.print_values import (
    find_dates,
    find_nationality,
    find_number,
    find_sex,
    known_nationality,
    name_word,
)
from portero_server.domain.documents.print_words import Word, same_row
from portero_server.domain.documents.run import find_run

_DATES = (Field.BIRTH_DATE, Field.ISSUE_DATE, Field.EXPIRY_DATE)
# Ratio of the side's width: how far apart values of one column may begin.
_COLUMN = 0.05
# What is shorter is a code: the passport's country.
_SHORTEST_NATIONALITY = 4


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """A printed value, normalized, with where it stands and how surely it was read."""

    value: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class UnlabeledValues:
    """Printed values that stand by no label.

    Attributes:
        values: Those that their place tells, by field.
        rows: Rows that may be names, from the top.
        others: Dates and numbers of which the place tells nothing.
    """

    values: dict[Field, PrintedValue]
    rows: tuple[PrintedValue, ...]
    others: tuple[PrintedValue, ...]


def printed(value: str, words: Sequence[Word]) -> PrintedValue:
    """Returns a value with the place of the words that it was read from."""
    box = words[0].box
    for word in words[1:]:
        box = box.union(word.box)
    return PrintedValue(value, box, min(word.confidence for word in words))


def by_layout(words: Sequence[Word], known: dict[Field, PrintedValue]) -> UnlabeledValues:
    """Returns what the layout tells of words that are in no label.

    Args:
        words: All of one side, without those of an MRZ.
        known: Values that were found by their labels; they are not looked for.
    """
    lines = _lines(words)
    values: dict[Field, PrintedValue] = {}
    dates = [(day, printed(day.isoformat(), line)) for line in lines for day in find_dates(_text(line))]
    placed = _dates(dates)
    values.update({field: value for field, value in placed.items() if field not in known})
    birth = known.get(Field.BIRTH_DATE) or placed.get(Field.BIRTH_DATE)
    nationality = _nationality(lines)
    if nationality is not None and Field.NATIONALITY not in known:
        values[Field.NATIONALITY] = nationality
    nationality = known.get(Field.NATIONALITY) or nationality
    numbers = [
        printed(number, line)
        for line in lines
        if find_run(_text(line)) is None and (number := find_number(_text(line))) is not None
    ]
    beside = [each for each in numbers if birth is not None and _right_of(each.box, birth.box)]
    if len(beside) == 1 and Field.DOCUMENT_NUMBER not in known:
        values[Field.DOCUMENT_NUMBER] = beside[0]
    sexes = [
        printed(sex, line)
        for line in lines
        if (sex := find_sex(_text(line))) is not None
        and any(each is not None and _right_of(line[0].box, each.box) for each in (birth, nationality))
    ]
    if len(sexes) == 1 and Field.SEX not in known:
        values[Field.SEX] = sexes[0]
    return UnlabeledValues(
        values, _name_rows(lines, birth, nationality), tuple(value for _, value in dates) + tuple(numbers)
    )


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Returns the words of each line, lines from the top and from the left."""
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(word.line, []).append(word)
    rows: list[list[list[Word]]] = []
    for line in sorted(lines.values(), key=lambda line: line[0].box.center[1]):
        if rows and same_row(line[0].box, rows[-1][0][0].box):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [line for row in rows for line in sorted(row, key=lambda line: line[0].box.left)]


def _text(line: Sequence[Word]) -> str:
    return " ".join(word.text for word in line)


def _dates(dates: Sequence[tuple[date, PrintedValue]]) -> dict[Field, PrintedValue]:
    """Returns birth, issue and expiry, if there are three dates in the places and the order of these."""
    if len(dates) != len(_DATES):
        return {}
    (birth, first), (issue, second), (expiry, third) = dates
    column = abs(first.box.left - second.box.left) < _COLUMN
    if not birth < issue < expiry or not column or same_row(first.box, second.box):
        return {}
    return dict(zip(_DATES, (first, second, third), strict=True)) if same_row(second.box, third.box) else {}


def _nationality(lines: Sequence[Sequence[Word]]) -> PrintedValue | None:
    found = [
        printed(code, line)
        for line in lines
        if len(_text(line)) >= _SHORTEST_NATIONALITY
        and (code := find_nationality(_text(line))) is not None
        and known_nationality(code)
    ]
    return found[0] if len(found) == 1 else None


def _right_of(box: Box, other: Box) -> bool:
    return same_row(box, other) and box.left > other.left


def _name_rows(
    lines: Sequence[Sequence[Word]], birth: PrintedValue | None, nationality: PrintedValue | None
) -> tuple[PrintedValue, ...]:
    """Returns the rows of letters above nationality or birth that begin in their column."""
    below = nationality or birth
    if below is None:
        return ()
    rows = []
    for line in lines:
        names = [name for word in line if (name := name_word(word.text)) is not None]
        above = line[0].box.center[1] < below.box.top
        if above and len(names) == len(line) and abs(line[0].box.left - below.box.left) < _COLUMN:
            rows.append(printed(" ".join(names), line))
    return tuple(rows)
