"""The printed zone of Chilean cards and passports: each value found by its label and where it stands to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, Field, ReadLine
from portero_server.domain.documents.print_layout import PrintedValue, by_layout, printed
from portero_server.domain.documents.print_values import (
    find_dates,
    find_nationality,
    find_number,
    find_sex,
    name_word,
)
from portero_server.domain.documents.print_words import Label, Word, folded, labels_and_words, same_row
from portero_server.domain.documents.run import Run, find_run

# Labels in capitals, without accents or blanks. Those without a field only keep their words from being values.
_PATTERNS: dict[str, tuple[str, ...]] = {
    Field.SURNAMES.value: ("APELLIDOS", "SURNAMES", "SURNAME"),
    Field.GIVEN_NAMES.value: ("NOMBRES", "GIVENNAMES"),
    Field.NATIONALITY.value: ("NACIONALIDAD", "NATIONALITY"),
    Field.SEX.value: ("SEXO", "SEX"),
    Field.BIRTH_DATE.value: ("FECHADENACIMIENTO", "FECHANACIMIENTO", "FECHADENAC", "DATEOFBIRTH"),
    Field.DOCUMENT_NUMBER.value: (
        "NUMERODOCUMENTO", "NUMERODEDOCUMENTO", "NDOCUMENTO", "NRODOCUMENTO", "DOCUMENTNUMBER", "PASAPORTENO",
        "PASAPORTEN", "PASSPORTNO", "NPASAPORTE",
    ),
    Field.ISSUE_DATE.value: ("FECHADEEMISION", "FECHAEMISION", "DATEOFISSUE"),
    Field.EXPIRY_DATE.value: ("FECHADEVENCIMIENTO", "FECHAVENCIMIENTO", "DATEOFEXPIRY"),
    Field.RUN.value: ("RUN",),
    "": (
        "REPUBLICADECHILE", "SERVICIODEREGISTROCIVILEIDENTIFICACION", "SERVICIODEREGISTROCIVIL", "EIDENTIFICACION",
        "CEDULADEIDENTIDAD", "CEDULADE", "PARAEXTRANJEROS", "FIRMADELTITULAR", "NACIOEN", "PROFESION", "REGISTROCIVIL",
        "PASAPORTEPASSPORT", "PASAPORTE", "PASSPORT", "LUGARDENACIMIENTO", "PLACEOFBIRTH", "AUTORIDAD", "AUTHORITY",
        "FIRMA", "COUNTRY",
        "TIPO", "TYPE", "PAIS",
    ),
}  # fmt: skip
_DATES = (Field.BIRTH_DATE, Field.ISSUE_DATE, Field.EXPIRY_DATE)
# Ratios of the side's width: how far left of its label a value may begin, as boxes are no more exact.
_LEFT = 0.045
# A value stands no further below its label than so many heights of the label.
_BELOW = 6.0
_LEAST_CONFIDENCE = 0.3
_ROW = 0.5
# Letters of one name are of one height; what is smaller is of the background.
_LEAST_HEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class PrintedZone:
    """What is printed on one side.

    Attributes:
        values: The value read, by field.
        labels: How many labels were found.
        foreign: Whether it says that it is for foreigners.
        run: The RUN among the values.
        name_rows: Where the label of surnames or of given names was not read: rows that may be names, from the top.
        others: Dates and numbers of which neither label nor place tells what they are.
    """

    values: dict[Field, PrintedValue]
    labels: int
    foreign: bool
    run: Run | None
    name_rows: tuple[PrintedValue, ...] = ()
    others: tuple[PrintedValue, ...] = ()


def read_print(lines: Sequence[ReadLine], side: CardSide) -> PrintedZone:
    """Returns the printed values of one side; what is not found beside a label of its own is missing."""
    labels, words = labels_and_words(lines, side, _PATTERNS)
    labels = _united(labels)
    words = [word for word in words if word.confidence >= _LEAST_CONFIDENCE]
    areas: _Areas = {}
    for label in sorted(labels, key=lambda label: label.errors):
        if label.name:
            areas.setdefault(Field(label.name), []).append(_Area(label, labels, words))
    values: dict[Field, PrintedValue] = {}
    run = _put_run(values, areas, words)
    _put_names(values, areas)
    _put_dates(values, areas)
    for field, find in (
        (Field.DOCUMENT_NUMBER, find_number),
        (Field.SEX, find_sex),
        (Field.NATIONALITY, find_nationality),
    ):
        _put(values, areas, field, find)
    loose = by_layout([word for word in words if not _of_mrz(lines[word.line])], values)
    values.update(loose.values)
    named = Field.SURNAMES in values and Field.GIVEN_NAMES in values
    whole = "".join(folded(line.content) for line in lines if line.side is side).replace(" ", "")
    return PrintedZone(
        values,
        sum(bool(label.name) for label in labels),
        "EXTRANJER" in whole,
        run,
        () if named else loose.rows,
        loose.others,
    )


def _of_mrz(line: ReadLine) -> bool:
    return "<" in line.content


def _united(labels: Iterable[Label]) -> list[Label]:
    """Returns the labels with two languages of one in a line as one label."""
    united: list[Label] = []
    for label in labels:
        twin = next((each for each in united if each.name == label.name and each.line == label.line), None)
        if twin is not None:
            united.remove(twin)
            label = Label(label.name, twin.box.union(label.box), label.line, min(twin.errors, label.errors))
        united.append(label)
    return united


class _Area:
    """Where a label's value may stand: right of it in its row, or below it in its column."""

    def __init__(self, label: Label, labels: Sequence[Label], words: Sequence[Word]) -> None:
        self.label = label
        box = label.box
        middle = box.center[1]
        beside = [
            each.box.left
            for each in labels
            if each is not label and each.box.left > box.left and same_row(each.box, box)
        ]
        self._end = min(beside, default=2.0)
        below = [
            each.box.center[1]
            for each in labels
            if each.box.center[1] > middle + _ROW * box.height and self._in_column(each.box)
        ]
        self._bottom = min(min(below, default=2.0) - 0.2 * box.height, middle + _BELOW * box.height)
        self._starts: dict[int, float] = {}
        for word in words:
            self._starts[word.line] = min(word.box.left, self._starts.get(word.line, word.box.left))
        self.right = [
            word
            for word in words
            if same_row(word.box, box)
            and not self._passes(word)
            and box.right - _LEFT / 3 <= word.box.left < self._end - _LEFT / 2
        ]
        # The whole row below, for values of neighbors that an engine took for one line.
        self.row = [word for word in words if self._is_below(word)]
        self.below = [word for word in self.row if self._in_column(word.box)]

    def _passes(self, word: Word) -> bool:
        """Whether a word's line begins left of the label's end, where the label stands: so it is above or below."""
        return word.line != self.label.line and self._starts[word.line] < self.label.box.right - _LEFT / 3

    def _is_below(self, word: Word) -> bool:
        """Whether a word stands below the label, and above the next one.

        Accents make the box of a line taller, and engines enlarge it: it may begin above its label, with a middle that
        is hardly lower than the label's. By the middle alone such a line would stand right of its label, without the
        words that begin before the label's end.
        """
        box = self.label.box
        lower = word.box.center[1] - box.center[1]
        return word.box.center[1] < self._bottom and lower > (0 if self._passes(word) else _ROW * box.height)

    def _in_column(self, box: Box) -> bool:
        return self.label.box.left - _LEFT <= box.left < self._end - _LEFT / 2


def _rows(words: Iterable[Word]) -> list[list[Word]]:
    """Returns words row by row, each from the left."""
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.box.center[1]):
        if rows and same_row(word.box, rows[-1][0].box):
            rows[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.box.left) for row in rows]


def _text(words: Iterable[Word]) -> str:
    return " ".join(word.text for row in _rows(words) for word in row)


_Areas = dict[Field, list[_Area]]


def _put(values: dict[Field, PrintedValue], areas: _Areas, field: Field, find: Callable[[str], str | None]) -> None:
    """Puts the value of a field: of the best spelled label first, below it, or else beside it or in the row below."""
    for area in areas.get(field, ()):
        for words in (area.below, area.right, area.row):
            value = find(_text(words)) if words else None
            if value is not None:
                values[field] = printed(value, words)
                return


def _put_run(values: dict[Field, PrintedValue], areas: _Areas, words: Sequence[Word]) -> Run | None:
    """Puts the RUN beside its label, or else the only valid one anywhere: nothing else has its shape and digit."""
    for area in areas.get(Field.RUN, ()):
        for group in (area.right, area.below):
            run = find_run(_text(group))
            if run is not None:
                values[Field.RUN] = printed(str(run), group)
                return run
    for line in sorted({word.line for word in words}):
        group = [word for word in words if word.line == line]
        run = find_run(" ".join(word.text for word in group))
        if run is not None and run.valid:
            values[Field.RUN] = printed(str(run), group)
            return run
    return None


def _put_names(values: dict[Field, PrintedValue], areas: _Areas) -> None:
    """Puts the names; without the other label nobody knows where one ends."""
    surnames, given = areas.get(Field.SURNAMES, [])[:1], areas.get(Field.GIVEN_NAMES, [])[:1]
    if not surnames or not given:
        return
    # Without the label below them, what stands below the first row of given names may be something else.
    rows = None if Field.NATIONALITY in areas else 1
    for field, area, most in ((Field.SURNAMES, surnames[0], None), (Field.GIVEN_NAMES, given[0], rows)):
        name = _name(area, most)
        if name is not None:
            values[field] = name


def _name(area: _Area, most: int | None) -> PrintedValue | None:
    """Returns the name below or beside a label, out of all rows or some."""
    found = [word for word in area.below or area.right if name_word(word.text) is not None]
    words = [word for row in _rows(found)[:most] for word in row]
    if not words:
        return None
    tall = max(word.box.height for word in words)
    words = [word for word in words if word.box.height >= _LEAST_HEIGHT * tall]
    return printed(" ".join(name_word(word.text) or "" for word in words), words)


def _put_dates(values: dict[Field, PrintedValue], areas: _Areas) -> None:
    for field in _DATES:
        for area in areas.get(field, [])[:1]:
            found = _date_of(area) or _date_of_row(area, areas)
            if found is not None:
                values[field] = found


def _date_of(area: _Area) -> PrintedValue | None:
    for group in (area.below, area.right):
        dates = find_dates(_text(group))
        if len(dates) == 1:
            return printed(dates[0].isoformat(), group)
    return None


def _date_of_row(area: _Area, areas: _Areas) -> PrintedValue | None:
    """Returns a date from a row that an engine took for one line: the dates in it are those of the labels above it."""
    dates = find_dates(_text(area.row))
    dated = (areas[each][0] for each in _DATES if each in areas)
    neighbors = [each for each in dated if same_row(each.label.box, area.label.box)]
    neighbors.sort(key=lambda each: each.label.box.left)
    if not area.row or len(dates) != len(neighbors):
        return None
    return printed(dates[neighbors.index(area)].isoformat(), area.row)
