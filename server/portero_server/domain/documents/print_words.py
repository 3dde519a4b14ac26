"""Text as words with places, and labels found among it: whatever an engine merged, split or misspelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.confusions import as_letter
from portero_server.domain.documents.document import CardSide, ReadLine

# A label this long or longer may be misspelled, by one character in so many.
_FUZZY_FROM = 7
_CHARACTERS_PER_ERROR = 6


@dataclass(frozen=True, slots=True)
class Word:
    """A word, where it stands (within a line: by its share of the characters), and the line it is of."""

    text: str
    box: Box
    confidence: float
    line: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label that was found: which one, and where."""

    name: str
    box: Box
    line: int


def folded(text: str) -> str:
    """Returns a text in capitals without accents; ñ becomes N."""
    return "".join(
        character for character in unicodedata.normalize("NFD", text.upper()) if not unicodedata.combining(character)
    )


def labels_and_words(
    lines: Sequence[ReadLine], side: CardSide, patterns: Mapping[str, Sequence[str]]
) -> tuple[list[Label], list[Word]]:
    """Returns the labels on one side, and all other words on it.

    Args:
        lines: Everything that was read.
        side: Which side is looked at.
        patterns: For each label's name its spellings, in capitals without accents or blanks.
    """
    spellings = [(each, name) for name, group in patterns.items() for each in group]
    labels: list[Label] = []
    words: list[Word] = []
    for index, line in enumerate(lines):
        if line.side is not side or not line.content.strip():
            continue
        free = [True] * len(line.content)
        for start, end, name in _spans(line.content, spellings):
            labels.append(Label(name, _part(line, start, end), index))
            free[start:end] = [False] * (end - start)
        words.extend(_words(line, index, free))
    return labels, words


def _part(line: ReadLine, start: int, end: int) -> Box:
    width = line.box.width / len(line.content)
    return Box(line.box.left + start * width, line.box.top, (end - start) * width, line.box.height)


def _words(line: ReadLine, index: int, free: Sequence[bool]) -> Iterator[Word]:
    text = "".join(each if free[place] else " " for place, each in enumerate(line.content))
    for match in re.finditer(r"\S+", text):
        if any(character.isalnum() for character in match[0]):
            yield Word(match[0], _part(line, *match.span()), line.confidence, index)


def _spans(content: str, spellings: Sequence[tuple[str, str]]) -> list[tuple[int, int, str]]:
    """Returns where labels stand in a line: the best spelled first taken, none over another."""
    places = [place for place, character in enumerate(content) if character.isalnum()]
    squeezed = "".join(as_letter(folded(content[place])[:1]) for place in places)
    taken = [False] * len(squeezed)
    found: list[tuple[int, int, str]] = []
    near = [
        (cost / len(spelling), -len(spelling), start, end, spelling, name)
        for spelling, name in spellings
        for cost, start, end in _occurrences(squeezed, spelling)
    ]
    for _, _, start, end, spelling, name in sorted(near):
        if any(taken[start:end]) or not _alone(content, places, start, end, spelling):
            continue
        taken[start:end] = [True] * (end - start)
        found.append((places[start], places[end - 1] + 1, name))
    return found


def _alone(content: str, places: Sequence[int], start: int, end: int, spelling: str) -> bool:
    """Whether a short label is a word of its own, or next to digits or the end of another label."""
    if len(spelling) > 5:
        return True
    after = content[places[end - 1] + 1 : places[end - 1] + 2]
    before = content[places[start] - 1 : places[start]] if places[start] else ""
    return not after.isalpha() and (not before.isalpha() or spelling == "SEXO")


def _occurrences(text: str, spelling: str) -> Iterator[tuple[int, int, int]]:
    """Yields errors, start and end of each place that spells a label, or of the one that nearly does."""
    start = text.find(spelling)
    if start >= 0:
        while start >= 0:
            yield 0, start, start + len(spelling)
            start = text.find(spelling, start + len(spelling))
    elif len(spelling) >= _FUZZY_FROM and len(text) >= len(spelling) - 2 and _share_a_piece(text, spelling):
        found = _nearly(text, spelling, len(spelling) // _CHARACTERS_PER_ERROR)
        if found is not None:
            yield found


def _share_a_piece(text: str, spelling: str) -> bool:
    return any(spelling[at : at + 3] in text for at in range(len(spelling) - 2))


def _nearly(text: str, spelling: str, errors: int) -> tuple[int, int, int] | None:
    """Returns errors, start and end where the text is nearest to a spelling, or None where it takes more errors."""
    row: list[tuple[int, int]] = [(0, at) for at in range(len(text) + 1)]
    for count, wanted in enumerate(spelling, 1):
        above, row = row, [(count, 0)]
        for at, character in enumerate(text, 1):
            row.append(
                min(
                    (above[at - 1][0] + (character != wanted), above[at - 1][1]),
                    (above[at][0] + 1, above[at][1]),
                    (row[at - 1][0] + 1, row[at - 1][1]),
                )
            )
    (cost, start), end = min((cell, at) for at, cell in enumerate(row))
    return (cost, start, end) if cost <= errors and end > start else None
