"""MRZ lines among everything that engines read."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, ReadLine
from portero_server.domain.documents.mrz import TD1, TD3
from portero_server.domain.documents.mrz_lines import find_mrz, mrz_characters

_FIRST = "INCHL1107199668<<<<<<<<<<<<<<<"
_CODED = "INCHL1107199668S47<<<<<<<<<<<<"
_SECOND = "8204158F3107221CHL12345678<5<3"
_SEVEN = "8204158F3107221CHL7654321<6<<9"
_NAMES = "PEREZ<SOTO<<MARIA<JOSE<<<<<<<<"
_PASSPORT = ("P<CHLPEREZ<SOTO<<MARIA<JOSE<<<<<<<<<<<<<<<<<", "P123456782CHL8204158F310722112345678<5<<<<34")


def _lines(*contents: str, side: CardSide = CardSide.BACK) -> tuple[ReadLine, ...]:
    return tuple(
        ReadLine(content, 0.9, Box(0.05, 0.65 + 0.08 * place, 0.9, 0.06), side)
        for place, content in enumerate(contents)
    )


@pytest.mark.parametrize("first", [_FIRST, _CODED])
def test_lines_are_found_whatever_their_order(first: str) -> None:
    """Three clean lines are found among other text, whichever comes first."""
    lines = _lines(first, _SECOND, _NAMES)
    others = (
        ReadLine("NACIÓ EN", 0.9, Box(0.3, 0.08, 0.1, 0.04), CardSide.BACK),
        ReadLine("VALPARAÍSO", 0.9, Box(0.3, 0.12, 0.2, 0.05), CardSide.BACK),
        ReadLine("CÉDULA DE IDENTIDAD", 0.9, Box(0.3, 0.12, 0.4, 0.05)),
    )
    for order in (lines + others, others + lines[::-1], (lines[2], *others, lines[0], lines[1])):
        rows = find_mrz(order)
        assert rows is not None
        assert rows.layout is TD1
        assert rows.texts == (first, _SECOND, _NAMES)
        assert rows.names == _NAMES


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("INCHL1107199668", _SECOND),
        ("INCHL1107199668<<<<<<<<<<<", _SECOND),
        ("INCHL1107199668\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}<<<<K<<<<KK<<C", _SECOND),
        ("INCHL 110719966 8 <<<<<<<<<<<<<<<", "820415 8F 310722 1CHL 12345678<5<3"),
        ("|INCHL1107199668<<<<<<<<<<<<<<<", ".8204158F3107221CHL12345678<5<3"),
        (_FIRST, "8204158F3107221CHL12345678<53"),
        (_FIRST, "8204158F3107221CHL12345678K5<3"),
        (_FIRST, "8204158F3107221CHL123456785<3"),
        (_FIRST, "82O4I58F3I0722ICHL1234S678<5<3"),
        (_FIRST, "8204158F3107221CHL12345678<5<<<3"),
    ],
)
def test_fillers_may_be_lost_doubled_or_misread(first: str, second: str) -> None:
    """Lines come back to their full length when fillers were lost, doubled, or taken for K or an angle quote."""
    rows = find_mrz(_lines(first, second, _NAMES))
    assert rows is not None
    letters = str.maketrans("OIS", "015")
    assert rows.texts[0] == _FIRST
    assert rows.texts[1][18:] == _SECOND[18:]
    assert rows.texts[1][:15].translate(letters) == _SECOND[:15]


def test_a_short_run_has_more_fillers() -> None:
    """A RUN of seven digits is found when its fillers were lost."""
    rows = find_mrz(_lines(_FIRST, "8204158F3107221CHL7654321<69", _NAMES))
    assert rows is not None
    assert rows.texts[1] == _SEVEN


def test_fragments_beside_each_other_are_one_line() -> None:
    """A line that was read in parts is put together from the left."""
    middle, top, height = 0.5, 0.73, 0.06
    parts = (
        ReadLine(_SECOND[15:], 0.8, Box(middle, top + 0.005, 0.45, height), CardSide.BACK),
        ReadLine(_SECOND[:15], 0.9, Box(0.05, top, 0.44, height), CardSide.BACK),
    )
    whole = _lines(_FIRST, "", _NAMES)
    rows = find_mrz((*parts, whole[0], whole[2]))
    assert rows is not None
    assert rows.texts[1] == _SECOND
    row = rows.rows[1]
    assert row is not None
    assert row.confidence == 0.8


def test_lines_that_were_merged_are_parted() -> None:
    """Three lines that an engine took for one are three."""
    rows = find_mrz(_lines(_FIRST + _SECOND + _NAMES))
    assert rows is not None
    assert rows.texts == (_FIRST, _SECOND, _NAMES)


@pytest.mark.parametrize("second", [_PASSPORT[1], _PASSPORT[1].replace("<<<<34", "<<34")])
def test_a_passport_has_two_lines(second: str) -> None:
    """The two lines of a passport are found, with fillers lost or not."""
    rows = find_mrz(_lines(_PASSPORT[0], second, side=CardSide.FRONT))
    assert rows is not None
    assert rows.layout is TD3
    assert rows.texts == _PASSPORT


def test_a_line_that_was_not_read_is_unknown() -> None:
    """What is missing is said to be unknown, not empty."""
    rows = find_mrz(_lines("", _SECOND, _NAMES))
    assert rows is not None
    assert rows.texts == ("?" * 30, _SECOND, _NAMES)
    rows = find_mrz(_lines(_FIRST, "", ""))
    assert rows is not None
    assert rows.texts == (_FIRST, "?" * 30, "?" * 30)


def test_other_text_is_no_mrz() -> None:
    """Titles, dates, names and numbers are none."""
    texts = (
        "SERVICIO DE REGISTRO CIVIL E IDENTIFICACIÓN",
        "05 SEPT 1990",
        "MONTECINOS BUSTAMANTE",
        "12.345.678-5",
        "<<<",
    )
    assert find_mrz(_lines(*texts)) is None


def test_characters_are_those_of_an_mrz() -> None:
    """Blanks are dropped, angle quotes are fillers, what is neither letter nor digit is unknown."""
    assert mrz_characters(" ab \N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}<1#2 ñ") == "AB<<1?2"
