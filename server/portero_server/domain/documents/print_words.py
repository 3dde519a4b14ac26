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
_ROW = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word, where it stands (within a line: by its share of the characters), and the line it is of."""

    text: str
    box: Box
    confidence: float
    line: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label that was found: which one, where, and with what share of its letters wrong."""

    name: str
    box: Box
    line: int
    errors: float = 0.0


def folded(text: str) -> str:
    """Returns a text in capitals without accents; ñ becomes N."""
    return "".join(
        character for character in unicodedata.normalize("NFD", text.upper()) if not unicodedata.combining(character)
    )


def same_row(one: Box, other: Box) -> bool:
    """Whether two boxes stand in one row: their middles are closer than half of the higher one."""
    return abs(one.center[1] - other.center[1]) < _ROW * max(one.height, other.height)


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
        for start, end, name, errors in _spans(line.content, spellings):
            labels.append(Label(name, _part(line, start, end), index, errors))
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


def _spans(content: str, spellings: Sequence[tuple[str, str]]) -> list[tuple[int, int, str, float]]:
    """Returns where labels stand in a line: the best spelled first taken, none over another."""
    places = [place for place, character in enumerate(content) if character.isalnum()]
    squeezed = "".join(as_letter(folded(content[place])[:1]) for place in places)
    taken = [False] * len(squeezed)
    found: list[tuple[int, int, str, float]] = []

    def take(near: list[tuple[float, int, int, int, str, str]]) -> None:
        for errors, _, start, end, spelling, name in sorted(near):
            if any(taken[start:end]) or not _alone(content, places, start, end, spelling):
                continue
            taken[start:end] = [True] * (end - start)
            found.append((places[start], places[end - 1] + 1, name, errors))

    take(
        [
            (0.0, -len(spelling), start, start + len(spelling), spelling, name)
            for spelling, name in spellings
            for start in _exactly(squeezed, spelling)
        ]
    )
    letters = sum(free and content[place].isalpha() for free, place in zip(_not(taken), places, strict=True))
    take(
        [
            (cost / len(spelling), -len(spelling), start, end, spelling, name)
            for spelling, name in spellings
            if len(spelling) >= _FUZZY_FROM and letters >= len(spelling) - 3 and _share_pieces(squeezed, spelling)
            for cost, start, end in _nearly(squeezed, spelling, len(spelling) // _CHARACTERS_PER_ERROR)
        ]
    )
    return found


def _not(taken: Sequence[bool]) -> list[bool]:
    return [not each for each in taken]


def _alone(content: str, places: Sequence[int], start: int, end: int, spelling: str) -> bool:
    """Whether a short label is a word of its own, or next to digits or the end of another label."""
    if len(spelling) > 5:
        return True
    after = content[places[end - 1] + 1 : places[end - 1] + 2]
    before = content[places[start] - 1 : places[start]] if places[start] else ""
    return not after.isalpha() and (not before.isalpha() or spelling == "SEXO")


def _exactly(text: str, spelling: str) -> Iterator[int]:
    start = text.find(spelling)
    while start >= 0:
        yield start
        start = text.find(spelling, start + len(spelling))


def _share_pieces(text: str, spelling: str) -> bool:
    """Whether a text has two pieces of a spelling: few do, and only these are compared."""
    pieces = (spelling[at : at + 3] in text for at in range(len(spelling) - 2))
    return any(pieces) and any(pieces)


def _nearly(text: str, spelling: str, errors: int) -> Iterator[tuple[int, int, int]]:
    """Yields errors, start and end where the text is nearest to a spelling, unless it takes more errors."""
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
    if cost <= errors and end > start:
        yield cost, start, end
