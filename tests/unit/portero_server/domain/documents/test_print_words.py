"""Labels among words, however an engine cut the text."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, ReadLine
from portero_server.domain.documents.print_words import folded, labels_and_words

_PATTERNS = {
    "birth": ("FECHADENACIMIENTO",),
    "expiry": ("FECHADEVENCIMIENTO",),
    "number": ("NUMERODOCUMENTO",),
    "sex": ("SEXO",),
    "run": ("RUN",),
    "nationality": ("NACIONALIDAD",),
}


def _found(content: str) -> tuple[list[str], list[str]]:
    lines = [ReadLine(content, 0.9, Box(0.1, 0.5, 0.8, 0.04))]
    labels, words = labels_and_words(lines, CardSide.FRONT, _PATTERNS)
    return [label.name for label in sorted(labels, key=lambda label: label.box.left)], [word.text for word in words]


@pytest.mark.parametrize(
    ("content", "labels", "words"),
    [
        ("FECHA DE NACIMIENTO", ["birth"], []),
        ("FECHADENACIMIENTO", ["birth"], []),
        ("FECHADE NACIMENTO", ["birth"], []),
        ("FECHA OE VENC1MIENTO", ["expiry"], []),
        ("NUMERO-DOCUMENTO", ["number"], []),
        ("FECHA DE NACIMIENTO NÚMERO DOCUMENTO", ["birth", "number"], []),
        ("NACIONNLIDADSEXO", ["nationality", "sex"], []),
        ("RUN12.345.678-5", ["run"], ["12.345.678-5"]),
        ("RUN 12.345.678-5", ["run"], ["12.345.678-5"]),
        ("BRUNO", [], ["BRUNO"]),
        ("SEXOS", [], ["SEXOS"]),
        ("FECHA", [], ["FECHA"]),
        ("15 ABR 1982", [], ["15", "ABR", "1982"]),
    ],
)
def test_labels_are_found(content: str, labels: list[str], words: list[str]) -> None:
    """Blanks, accents and a few wrong letters do not matter; a short label is a word of its own."""
    assert _found(content) == (labels, words)


def test_words_stand_where_their_characters_do() -> None:
    """A word's box is its share of the line's."""
    lines = [ReadLine("AB 1234", 0.9, Box(0.1, 0.5, 0.7, 0.04)), ReadLine("XY", 0.9, Box(0, 0, 1, 1), CardSide.BACK)]
    _, words = labels_and_words(lines, CardSide.FRONT, _PATTERNS)
    assert [word.text for word in words] == ["AB", "1234"]
    assert words[1].box.left == pytest.approx(0.4)
    assert words[1].box.right == pytest.approx(0.8)


def test_folded_text_has_no_accents() -> None:
    """Accents and tildes go, letters stay."""
    assert folded("Núñez güiraldes") == "NUNEZ GUIRALDES"
