"""The printed zone: values by their labels, wherever an engine put, split or merged them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, Field, ReadLine
from portero_server.domain.documents.print_words import folded
from portero_server.domain.documents.print_zone import PrintedZone, read_print
from tests.support.cards.card_text import front_lines
from tests.support.cards.layouts import spelled
from tests.support.cards.specimen import Series, Specimen, specimen

_SPECIMENS = [specimen(seed) for seed in range(12)]
_ORDINARY = specimen(1, Series.CARD_2013)


def _read(lines: list[ReadLine]) -> PrintedZone:
    return read_print(lines, CardSide.FRONT)


def _values(zone: PrintedZone) -> dict[str, str]:
    return {field.value: printed.value for field, printed in zone.values.items()}


def _without(lines: list[ReadLine], *contents: str) -> list[ReadLine]:
    return [line for line in lines if line.content not in contents]


def _merged(lines: list[ReadLine], one: str, other: str) -> list[ReadLine]:
    """Returns the lines with two of them as one, as engines take what stands in one row."""
    first, second = (next(line for line in lines if line.content == content) for content in (one, other))
    both = replace(first, content=f"{one} {other}", box=first.box.union(second.box))
    return [both if line is first else line for line in lines if line is not second]


@pytest.mark.parametrize("card", _SPECIMENS, ids=lambda card: card.series.value)
def test_every_value_is_found(card: Specimen) -> None:
    """All values are found in any order of lines, without accents, with boxes that are a little off."""
    lines = front_lines(card, {})
    assert _values(_read(lines)) == card.truth
    random = Random(1)
    shaken = [
        replace(
            line,
            content=folded(line.content),
            box=Box(
                line.box.left + random.uniform(-0.008, 0.008),
                line.box.top + random.uniform(-0.006, 0.006),
                line.box.width,
                line.box.height,
            ),
        )
        for line in lines
    ]
    random.shuffle(shaken)
    assert _values(_read(shaken)) == {
        name: folded(value) if "names" in name else value for name, value in card.truth.items()
    }
    assert _read(lines).foreign == card.series.foreign


def test_rows_that_were_merged_are_told_apart() -> None:
    """Two labels or two values in one line are still two."""
    card = _ORDINARY
    lines = front_lines(card, {})
    printed = [line.content for line in lines]
    for left, right in (
        ("NACIONALIDAD", "SEXO"),
        ("FECHA DE NACIMIENTO", "NÚMERO DOCUMENTO"),
        ("FECHA DE EMISIÓN", "FECHA DE VENCIMIENTO"),
    ):
        values = printed[printed.index(left) + 1], printed[printed.index(right) + 1]
        assert _values(_read(_merged(lines, left, right))) == card.truth
        assert _values(_read(_merged(lines, *values))) == card.truth
        assert _values(_read(_merged(_merged(lines, left, right), *values))) == card.truth


def test_a_value_may_stand_right_of_its_label() -> None:
    """The RUN of the series of 2013 stands in the row of its label, in one line or two, with a blank or without."""
    card = _ORDINARY
    lines = front_lines(card, {})
    printed = lines[-1].content
    rest = _without(lines, "RUN", printed)
    for content in (f"RUN {printed}", f"RUN{printed}"):
        line = ReadLine(content, 0.9, Box(0.03, 0.84, 0.3, 0.06))
        assert _values(_read([*rest, line])) == card.truth
    apart = [ReadLine("RUN", 0.9, Box(0.03, 0.84, 0.06, 0.06)), ReadLine(printed, 0.9, Box(0.11, 0.84, 0.2, 0.06))]
    assert _values(_read([*rest, *apart])) == card.truth


def test_a_line_with_accents_may_begin_above_its_label() -> None:
    """A box that accents and the engine made so tall that it covers its label is still below it, with all its words."""
    lines = [
        ReadLine("APELLIDOS", 1.0, Box(0.332, 0.232, 0.086, 0.053), CardSide.FRONT),
        ReadLine("ZÚÑIGA CASTAÑEDA", 0.99, Box(0.33, 0.229, 0.37, 0.103), CardSide.FRONT),
        ReadLine("NOMBRES", 1.0, Box(0.332, 0.339, 0.08, 0.048), CardSide.FRONT),
        ReadLine("ROCÍO CATALINA", 0.99, Box(0.33, 0.347, 0.304, 0.086), CardSide.FRONT),
    ]
    for shown in (lines, lines[::-1]):
        names = _values(_read(shown))
        assert names == {"surnames": "ZÚÑIGA CASTAÑEDA", "given_names": "ROCÍO CATALINA"}


@given(st.sampled_from(_SPECIMENS), st.floats(0, 0.04), st.floats(0, 0.02), st.floats(-0.006, 0.006))
def test_no_value_is_read_in_part(card: Specimen, above: float, below: float, left: float) -> None:
    """However far the boxes of values reach up over their labels, and those of labels down, values are read whole."""
    lines = []
    for line in front_lines(card, {}):
        box = line.box
        if box.height < 0.04:
            grown = Box(box.left, box.top, box.width, box.height + below)
        else:
            grown = Box(box.left + left, box.top - above, box.width, box.height + above)
        lines.append(replace(line, box=grown))
    assert _values(_read(lines)) == card.truth


def test_surnames_may_stand_in_two_rows() -> None:
    """Two surnames below each other are both surnames, and a name in three pieces is one."""
    card = _ORDINARY
    first, _, second = card.holder.surnames.partition(" ")
    lines = _without(front_lines(card, {}), card.holder.surnames)
    rows = [ReadLine(first, 0.9, Box(0.34, 0.235, 0.15, 0.04)), ReadLine(second, 0.9, Box(0.34, 0.278, 0.15, 0.04))]
    assert _values(_read([*lines, *rows])) == card.truth


def test_text_of_the_background_is_no_value() -> None:
    """Text left of the column, of the pen, in other fields' rows, small, or hardly read changes nothing."""
    card = _ORDINARY
    ghosts = [
        ReadLine("CHILE", 0.9, Box(0.05, 0.24, 0.2, 0.05)),
        ReadLine("REPUBLICA", 0.9, Box(0.5, 0.25, 0.05, 0.012)),
        ReadLine("Wmw", 0.7, Box(0.5, 0.93, 0.25, 0.05)),
        ReadLine("KXZ", 0.2, Box(0.6, 0.36, 0.05, 0.05)),
    ]
    assert _values(_read([*front_lines(card, {}), *ghosts])) == card.truth


@pytest.mark.parametrize("card", _SPECIMENS, ids=lambda card: card.series.value)
def test_without_any_label_values_are_found_by_their_place(card: Specimen) -> None:
    """Where a small picture loses all labels, everything but the parting of the names is found."""
    lines = front_lines(card, {})
    values = [line for index, line in enumerate(lines) if index < 2 or index % 2]
    zone = _read(values)
    assert _values(zone) == {name: value for name, value in card.truth.items() if "names" not in name}
    assert zone.labels == 0
    assert [row.value for row in zone.name_rows] == [card.holder.surnames, card.holder.given_names]


def test_a_lost_label_takes_no_other_value() -> None:
    """Whichever label was lost, each value is its own or missing."""
    card = _ORDINARY
    lines = front_lines(card, {})
    for label in [line.content for line in lines[2::2]]:
        assert _values(_read(_without(lines, label))).items() <= card.truth.items()


def test_what_neither_label_nor_place_tells_is_kept() -> None:
    """A date without its label and neighbors is not a field's, but may be what another zone proves."""
    card = _ORDINARY
    date, other = spelled(card.holder.birth), spelled(card.issued)
    zone = _read([line for line in front_lines(card, {}) if line.content in (date, other)])
    assert not {Field.BIRTH_DATE, Field.ISSUE_DATE, Field.EXPIRY_DATE} & zone.values.keys()
    assert [each.value for each in zone.others] == [card.truth["birth_date"], card.truth["issue_date"]]


def test_names_without_their_labels_are_rows() -> None:
    """Where a label of the names was not read, nobody says where the surnames end."""
    card = _ORDINARY
    for label in ("NOMBRES", "APELLIDOS"):
        zone = _read(_without(front_lines(card, {}), label))
        assert not {Field.SURNAMES, Field.GIVEN_NAMES} & zone.values.keys()
        assert [row.value for row in zone.name_rows] == [card.holder.surnames, card.holder.given_names]
