"""The printed zone: values by their labels, wherever an engine put, split or merged them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, Field, ReadLine
from portero_server.domain.documents.print_words import folded
from portero_server.domain.documents.print_zone import PrintedZone, read_print
from tests.support.cards.card_text import front_lines
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


def test_without_their_label_values_are_missing() -> None:
    """What stands beside no label of its own is not taken from elsewhere; only a RUN is known by itself."""
    card = _ORDINARY
    for label, field in (
        ("FECHA DE NACIMIENTO", Field.BIRTH_DATE),
        ("FECHA DE VENCIMIENTO", Field.EXPIRY_DATE),
        ("NÚMERO DOCUMENTO", Field.DOCUMENT_NUMBER),
        ("APELLIDOS", Field.SURNAMES),
    ):
        zone = _read(_without(front_lines(card, {}), label))
        assert field not in zone.values
        others = {name: value for name, value in card.truth.items() if name != field.value}
        assert {name: value for name, value in _values(zone).items() if name in others}.items() <= others.items()
    assert _values(_read(_without(front_lines(card, {}), "RUN")))["run"] == card.holder.run


def test_names_in_one_are_kept_apart_from_values() -> None:
    """Where the label between them was not read, nobody says where the surnames end."""
    card = _ORDINARY
    zone = _read(_without(front_lines(card, {}), "NOMBRES"))
    assert Field.SURNAMES not in zone.values
    assert zone.loose_names is not None
    assert zone.loose_names.value == f"{card.holder.surnames} {card.holder.given_names}"
