"""Finds the lines of an MRZ among everything that was read, by their shape, and brings them to their full length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.confusions import FILLER_LETTERS, FILLER_LOOKS, as_digit, as_letter
from portero_server.domain.documents.document import CardSide, ReadLine
from portero_server.domain.documents.mrz import FILLER, TD1, TD3, UNKNOWN, Layout
from portero_server.domain.documents.run import Run, run_in_mrz

_SHORTEST = 8
_LONGEST_JUNK = 3
# How many characters of a row's fixed part may be of the wrong kind: more, and it is another text.
_STRANGERS = 2
# A RUN whose dividing filler was lost.
_UNDIVIDED = re.compile(r"([0-9]{7,8})([0-9K])")
_TD1_FIRST = "AAAAANNNNNNNNN9"
_TD1_SECOND = "9999999S9999999AAA"
_TD3_SECOND = "NNNNNNNNN9AAA9999999S9999999"


@dataclass(frozen=True, slots=True)
class MrzRow:
    """A row of fragments joined: characters of an MRZ and `UNKNOWN`, where it was read, and how surely."""

    text: str
    box: Box
    side: CardSide
    confidence: float


@dataclass(frozen=True, slots=True)
class MrzRows:
    """The rows of one MRZ, in order, each in full length; `names` is the row of names as it was read."""

    layout: Layout
    texts: tuple[str, ...]
    rows: tuple[MrzRow | None, ...]
    names: str

    @property
    def text(self) -> str:
        """All rows joined."""
        return "".join(self.texts)


def find_mrz(lines: Sequence[ReadLine]) -> MrzRows | None:
    """Returns the rows of the MRZ, with unread ones unknown, or None where none was seen."""
    rows = sorted(_rows(lines), key=lambda row: (row.side.value, row.box.top))
    found = [
        (strangers, layout.width, row, part)
        for row in rows
        for layout, shape in ((TD1, _TD1_SECOND), (TD3, _TD3_SECOND))
        if (anchored := _best_anchor(row.text, shape)) is not None
        for strangers, part in (anchored,)
    ]
    if found:
        _, width, row, part = min(found, key=lambda each: each[:2])
        return _passport(rows, row, part) if width == TD3.width else _card(rows, row, part)
    first = next((row for row in rows if _first_of_card(row.text) is not None), None)
    return None if first is None else _card(rows, None, "")


def mrz_characters(content: str) -> str:
    """Returns a read text in the characters of an MRZ: capitals, digits, fillers, and `UNKNOWN` for anything else."""
    found = []
    for character in content.upper():
        if character in FILLER_LOOKS:
            found.append(FILLER)
        elif character.isascii() and character.isalnum():
            found.append(character)
        elif not character.isspace():
            digit = as_digit(character)
            found.append(digit if digit.isdigit() else UNKNOWN)
    return "".join(found).strip(UNKNOWN)


def _rows(lines: Sequence[ReadLine]) -> Iterable[MrzRow]:
    """Yields rows that look like an MRZ, each made of the fragments beside each other."""
    seeds = [line for line in lines if _looks_like_mrz(line.content)]
    taken: set[int] = set()
    for seed in sorted(seeds, key=lambda line: -line.box.width):
        if id(seed) in taken:
            continue
        row = [line for line in lines if id(line) not in taken and _beside(line, seed)]
        taken.update(id(line) for line in row)
        row.sort(key=lambda line: line.box.left)
        box = row[0].box
        for line in row[1:]:
            box = box.union(line.box)
        text = "".join(mrz_characters(line.content) for line in row)
        confidence = min(line.confidence for line in row)
        for part in _unmerged(text):
            yield MrzRow(part, box, seed.side, confidence)


def _looks_like_mrz(content: str) -> bool:
    text = mrz_characters(content)
    if len(text) < _SHORTEST:
        return False
    fillers = text.count(FILLER)
    if fillers >= 2 or (fillers and len(text) > 20):
        return True
    return any(_anchored(text, shape) is not None for shape in (_TD1_FIRST, _TD1_SECOND, _TD3_SECOND))


def _beside(line: ReadLine, seed: ReadLine) -> bool:
    if line is seed:
        return True
    if line.side is not seed.side or any(character.islower() for character in line.content):
        return False
    shared = min(line.box.bottom, seed.box.bottom) - max(line.box.top, seed.box.top)
    apart = line.box.left >= seed.box.right - 0.03 or line.box.right <= seed.box.left + 0.03
    return apart and shared > 0.5 * min(line.box.height, seed.box.height)


def _unmerged(text: str) -> tuple[str, ...]:
    """Returns the rows of a text into which an engine merged several."""
    for width, rows in ((30, 3), (30, 2), (44, 2)):
        if len(text) == width * rows:
            parts = tuple(text[start : start + width] for start in range(0, len(text), width))
            shapes = [_TD3_SECOND] if width == 44 else [_TD1_FIRST, _TD1_SECOND]
            if any(_anchored(part, shape) == part for part in parts for shape in shapes):
                return parts
    return (text,)


def _anchored(text: str, shape: str) -> str | None:
    """Returns the text from where it has this shape on, or None; some characters may stand before, few may be wrong."""
    best = _best_anchor(text, shape)
    return best[1] if best is not None else None


def _best_anchor(text: str, shape: str) -> tuple[int, str] | None:
    """Returns how many characters are wrong, and the text from where the fewest are; None where too many are."""
    best: tuple[int, str] | None = None
    for start in range(_LONGEST_JUNK + 1):
        part = text[start:]
        if len(part) < len(shape):
            break
        strangers = sum(not _fits(character, kind) for character, kind in zip(part, shape, strict=False))
        if strangers <= _STRANGERS and (best is None or strangers < best[0]):
            best = strangers, part
    return best


def _fits(character: str, kind: str) -> bool:
    if kind == "9":
        return as_digit(character).isdigit()
    if kind == "A":
        return as_letter(character).isalpha() or character == FILLER
    if kind == "S":
        return character in "MFX<KH"
    return character != FILLER


def _first_of_card(text: str) -> str | None:
    letters = "".join(as_letter(character) for character in text[: _LONGEST_JUNK + 5])
    at = letters.find("CHL", 2)
    part = _anchored(text[max(0, at - 2) :], _TD1_FIRST)
    return part if part is not None and as_letter(part[0]) in "IAC" and len(part) <= TD3.width else None


def _card(rows: Sequence[MrzRow], second_row: MrzRow | None, second: str) -> MrzRows:
    others = [row for row in rows if row is not second_row]
    first_row = next((row for row in others if _first_of_card(row.text) is not None), None)
    below = second_row or first_row
    names_row = next((row for row in others if row is not first_row and _are_names(row, below)), None)
    first = _first_line(_first_of_card(first_row.text) or "") if first_row is not None else UNKNOWN * 30
    names = names_row.text if names_row is not None else ""
    texts = (first, _second_line(second) if second_row is not None else UNKNOWN * 30, _full(names, 30))
    return MrzRows(TD1, texts, (first_row, second_row, names_row), names)


def _passport(rows: Sequence[MrzRow], second_row: MrzRow, second: str) -> MrzRows:
    above = [row for row in rows if row is not second_row and row.text.startswith(("P", "F<"))]
    first_row = max(above, key=lambda row: row.box.top, default=None)
    first = first_row.text if first_row is not None else ""
    head, tail = second[:28], second[28:]
    if len(tail) != 16:
        personal, digits = tail[:-2].rstrip(FILLER), tail[-2:]
        tail = personal.ljust(14, FILLER) + digits if len(personal) <= 14 and len(digits) == 2 else UNKNOWN * 16
    personal = run_in_mrz(tail[:14])
    texts = (_full(first, 44), head + personal + tail[14:])
    return MrzRows(TD3, texts, (first_row, second_row), first[5:])


def _are_names(row: MrzRow, other: MrzRow | None) -> bool:
    """Whether a row is that of names: nearly no digits, and below the others."""
    digits = sum(character.isdigit() for character in row.text)
    if digits > 0.25 * len(row.text) or FILLER not in row.text:
        return False
    return other is None or (row.side is other.side and row.box.top >= other.box.top)


def _full(text: str, width: int) -> str:
    return text[:width].ljust(width, FILLER) if text else UNKNOWN * width


def _first_line(text: str) -> str:
    head, rest = text[:15], text[15:]
    if set(rest) <= FILLER_LETTERS | {FILLER, UNKNOWN}:
        rest = ""
    code, filler, after = rest.partition(FILLER)
    if filler and set(after) <= FILLER_LETTERS | {FILLER, UNKNOWN}:
        # What stands among fillers and looks like one is one.
        rest = code.rstrip("".join(FILLER_LETTERS)) if len(code) > 4 else code
    return head + rest[:15].ljust(15, FILLER)


def _second_line(text: str) -> str:
    head, tail = text[:18], text[18:]
    if len(tail) >= 2 and len(tail) != 12:
        tail = _stretched(tail)
    tail = tail[:12].ljust(12, UNKNOWN)
    return head + run_in_mrz(tail[:11]) + tail[11]


def _stretched(tail: str) -> str:
    """Returns optional data and last digit in twelve characters: fillers were lost, or read twice."""
    optional, last = tail[:-1].rstrip(FILLER), tail[-1]
    if last == FILLER or not as_digit(last).isdigit():
        optional, last = tail.rstrip(FILLER), UNKNOWN
    undivided = _UNDIVIDED.fullmatch(optional)
    if undivided is not None and Run(int(undivided[1]), undivided[2]).valid:
        optional = f"{undivided[1]}{FILLER}{undivided[2]}"
    return optional.ljust(11, FILLER)[:11] + last
