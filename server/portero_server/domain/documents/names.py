"""Names as printed, and as an MRZ has them: without accents, and cut where its line ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, combinations
from typing import NamedTuple

from portero_server.domain.documents.confusions import as_letter, taken_for
from portero_server.domain.documents.mrz import FILLER
from portero_server.domain.documents.print_words import folded

# Fillers behind a name, some of them taken for letters: K in rows, others by themselves. The first was read as one, or
# it could be the name's last letter.
_FILLED = re.compile(r"<(?:<|K|[CELSX](?![A-JL-Z0-9]))*|([KCELSX])\1{3,}<*")

# Letters that engines make of fillers between names. Few names end with them.
_LIKE_FILLERS = frozenset("KC")


class ShownParts(NamedTuple):
    """Which parts of a name an MRZ shows to their end.

    Attributes:
        surnames: All surnames.
        given_names: All given names.
        first_given_name: The first of them.
    """

    surnames: bool
    given_names: bool
    first_given_name: bool


def mrz_name(name: str) -> str:
    """Returns a name in the letters of an MRZ: words divided by fillers, without accents and apostrophes."""
    letters = (character for character in folded(name) if character != "'")
    return FILLER.join("".join(c if "A" <= c <= "Z" else " " for c in letters).split())


def mrz_names(surnames: str, given_names: str, width: int) -> str:
    """Returns the names of an MRZ in full width, cut or filled up."""
    return _whole(surnames, given_names)[:width].ljust(width, FILLER)


def _whole(surnames: str, given_names: str) -> str:
    return f"{mrz_name(surnames)}{FILLER * 2}{mrz_name(given_names)}"


def split_names(read: str) -> tuple[str, str]:
    """Returns surnames and given names of an MRZ as read, words divided by blanks; either may be cut.

    Both are empty where the two fillers between them were not read.
    """
    text = "".join(as_letter(character) for character in read).strip(FILLER)
    surnames, divided, given = text.partition(FILLER * 2)
    if not divided:
        return "", ""
    return _words(surnames), _words(given.partition(FILLER * 2)[0])


def _words(part: str) -> str:
    return " ".join(word for word in part.split(FILLER) if word)


def names_agree(surnames: str, given_names: str, read: str, width: int) -> bool | None:
    """Whether a printed name is the one of an MRZ, which has its first `width` characters.

    Fillers may be lost, read twice, or taken for a letter like K; a letter may be taken for a digit. Any other
    difference is one, also of a single letter.

    Returns:
        None where the MRZ was not read so far that it could differ.
    """
    whole = _whole(surnames, given_names)
    begun = read[:width].rstrip(FILLER)
    if not begun:
        return None
    if _same(whole, read[:width], width) or _in_place(whole, read, width):
        return True
    if len(whole) > width and _shortened(surnames, given_names, begun, width):
        return True
    # What agrees as far as it was read says nothing of the rest.
    return None if _same(whole, begun, len(begun)) else False


def ends_shown(surnames: str, given_names: str, read: str, width: int) -> ShownParts:
    """Returns which parts of a printed name an MRZ that agrees with it shows to their end.

    A name that reaches the end of the line may go on behind it: what follows, and whether anything does, is in print
    alone.
    """
    whole = _whole(surnames, given_names)
    first, total = _letters(mrz_name(surnames)), _letters(whole)
    if _same(whole, read[:width], width):
        # Each letter that was read is one of the name: fillers may have been read twice and pushed the last ones out.
        seen = _letters(read[:width])
    elif _in_place(whole, read, width):
        seen = _letters(whole[:width])
    else:
        return ShownParts(surnames=False, given_names=False, first_given_name=False)
    called = _letters(mrz_name(given_names).partition(FILLER)[0])
    every = seen >= total and len(whole) <= width - len(FILLER * 2)
    # A letter of the next name shows that the one before has ended.
    return ShownParts(surnames=seen > first, given_names=every, first_given_name=every or seen > first + called)


def _letters(text: str) -> int:
    return len(text) - text.count(FILLER)


def names_in_rows(rows: Sequence[str], read: str, width: int) -> tuple[str, str] | None:
    """Returns surnames and given names found in rows of print; None where the MRZ allows no single way to part them.

    Args:
        rows: Rows of names from the top; the first ones may be something else.
        read: The names of the MRZ as they were read.
        width: How many characters of them an MRZ has.
    """
    ways: set[tuple[str, str]] = set()
    for first in range(len(rows)):
        words = " ".join(rows[first:]).split()
        ways.update((" ".join(words[:count]), " ".join(words[count:])) for count in range(1, len(words)))
    agreeing = [way for way in ways if names_agree(way[0], way[1], read, width)]
    exact = [way for way in agreeing if _in_place(_whole(*way), read, width)]
    if not exact:
        # Fillers or blanks were lost: the letters before the MRZ's two fillers are the surnames.
        surnames = split_names(read)[0].replace(" ", "")
        ways = {_after_letters(" ".join(rows[first:]), len(surnames)) for first in range(len(rows))}
        exact = [
            (one, other)
            for one, other in ways
            if other and mrz_name(one).replace(FILLER, "") == surnames and names_agree(one, other, read, width)
        ]
    return exact[0] if len(exact) == 1 else None


def rows_of_name(rows: Sequence[str], name: str) -> range | None:
    """Returns which rows of print are a name of an MRZ, which may be cut, or None where that is not certain.

    It is the only row that begins with it, or else the only rows below each other that have its letters together:
    surnames stand in two rows in the series of 2013.
    """
    letters = name.replace(" ", "")
    if not letters:
        return None
    plain = [mrz_name(row).replace(FILLER, "") for row in rows]
    found = [range(place, place + 1) for place, row in enumerate(plain) if row.startswith(letters)]
    if not found:
        spans = combinations(range(len(plain) + 1), 2)
        found = [range(*span) for span in spans if "".join(plain[slice(*span)]) == letters]
    return found[0] if len(found) == 1 else None


def _after_letters(text: str, letters: int) -> tuple[str, str]:
    """Returns a text in two parts, the first with so many letters."""
    for at, character in enumerate(text):
        letters -= character.isalpha()
        if not letters:
            return text[: at + 1].strip(), text[at + 1 :].strip()
    return text, ""


def _in_place(whole: str, read: str, width: int) -> bool:
    """Whether every character was read at its place, fillers perhaps as letters.

    Only then a letter can be a filler: beside lost or doubled ones it may be the end of a name.
    """
    expected = whole[:width]
    tail = read[len(expected) : width]
    return (
        len(read) >= len(expected)
        and all(
            a == b or (a == FILLER and b in _LIKE_FILLERS) or _looks_like(a, b)
            for a, b in zip(expected, read, strict=False)
        )
        and (not tail.strip(FILLER) or _FILLED.fullmatch(tail) is not None)
    )


def _shortened(surnames: str, given_names: str, begun: str, width: int) -> bool:
    """Whether both parts are beginnings, as where surnames make room for given names."""
    first, _, second = begun.partition(FILLER * 2)
    parts = ((mrz_name(surnames), first), (mrz_name(given_names), second.strip(FILLER)))
    return len(begun) >= width - 1 and all(part and _same(whole, part, len(part)) for whole, part in parts)


def _same(expected: str, read: str, width: int) -> bool:
    """Whether a text was read as another, or as its beginning if `width` characters were read.

    A filler that was expected and lost is one of these; behind a whole text stand fillers.
    """

    @cache
    def rest(at: int, of: int, lost: int) -> bool:
        if at == len(expected):
            return not read[of:].strip(FILLER) or _FILLED.fullmatch(read[of:]) is not None
        if of == len(read):
            return of + lost >= width
        if expected[at] == FILLER and rest(at + 1, of, lost + 1):
            return True
        if read[of] == FILLER and rest(at, of + 1, lost):
            return True
        return _looks_like(expected[at], read[of]) and rest(at + 1, of + 1, lost)

    return rest(0, 0, 0)


def _looks_like(expected: str, read: str) -> bool:
    return read == expected or (read.isdigit() and expected in taken_for(read))


def spaced_as(printed: str, read: str, *, lost: bool = False) -> str:
    """Returns a printed name with its words divided as an MRZ divides them; no letter ever changes.

    Engines drop blanks between capitals, and now and then make one. Beyond the end of a cut MRZ the print's own blanks
    stay, and so does everything where the letters are not the same.

    Args:
        printed: The name as printed.
        read: The same name of the MRZ, words divided by blanks; it may be cut.
        lost: Whether the MRZ's row lost fillers between names: then no blank of the print is taken away.
    """
    words = read.split()
    letters = mrz_name(printed).replace(FILLER, "")
    together = "".join(words)
    if not words or not letters.startswith(together):
        return printed
    ends = set(accumulate(len(word) for word in words))
    # The last word of a cut name may go on.
    certain = len(together) if len(letters) == len(together) else len(together) - len(words[-1])
    divided: list[str] = []
    seen = 0
    for character in printed:
        if character != " ":
            divided.append(character)
        elif lost or seen >= certain:
            divided.append(" ")
        if character.isalpha():
            seen += 1
            if seen in ends and seen <= certain:
                divided.append(" ")
    text = " ".join("".join(divided).split())
    return text.replace(" -", "-").replace("- ", "-")


def lost_fillers(read: str, width: int) -> bool:
    """Whether a row of names lost fillers between names: it is too short, and does not end with fillers to lose."""
    return 0 < len(read) < width and not read.endswith(FILLER)
