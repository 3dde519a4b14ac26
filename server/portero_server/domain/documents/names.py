"""Names as printed, and as an MRZ has them: without accents, and cut where its line ends."""

from __future__ import annotations

from functools import cache

from portero_server.domain.documents.confusions import FILLER_LETTERS, as_letter, taken_for
from portero_server.domain.documents.mrz import FILLER
from portero_server.domain.documents.print_words import folded


def mrz_name(name: str) -> str:
    """Returns a name in the letters of an MRZ: words divided by fillers, without accents and apostrophes."""
    letters = (character for character in folded(name) if character != "'")
    return FILLER.join("".join(c if "A" <= c <= "Z" else " " for c in letters).split())


def mrz_names(surnames: str, given_names: str, width: int) -> str:
    """Returns the names of an MRZ in full width, cut or filled up."""
    return f"{mrz_name(surnames)}{FILLER * 2}{mrz_name(given_names)}"[:width].ljust(width, FILLER)


def split_names(read: str) -> tuple[str, str]:
    """Returns surnames and given names of an MRZ as read, words divided by blanks; either may be cut or empty."""
    text = "".join(as_letter(character) for character in read).strip(FILLER)
    surnames, _, given = text.partition(FILLER * 2)
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
    whole = f"{mrz_name(surnames)}{FILLER * 2}{mrz_name(given_names)}"
    if not read.strip(FILLER):
        return None
    cut = len(whole) > width
    expected = whole[:width].rstrip(FILLER)
    if _same(expected, read, filled=not cut):
        return True
    if cut and _shortened(surnames, given_names, read, width):
        return True
    begun = read.rstrip(FILLER)
    if len(read) < width - 2 and any(_same(expected[:end], begun, filled=False) for end in range(1, len(expected))):
        return None
    return False


def parted(names: str, read: str, width: int) -> tuple[str, str] | None:
    """Returns surnames and given names out of both in one, where an MRZ allows one parting only."""
    words = names.split()
    ways = [(" ".join(words[:count]), " ".join(words[count:])) for count in range(1, len(words))]
    agreeing = [way for way in ways if split_names(read)[0] == mrz_name(way[0]).replace(FILLER, " ")]
    return agreeing[0] if len(agreeing) == 1 and names_agree(*agreeing[0], read, width) else None


def _shortened(surnames: str, given_names: str, read: str, width: int) -> bool:
    """Whether both parts are beginnings, as where surnames make room for given names."""
    first, _, second = read[:width].partition(FILLER * 2)
    parts = ((mrz_name(surnames), first), (mrz_name(given_names), second.strip(FILLER)))
    return len(read.rstrip(FILLER)) >= width - 2 and all(
        part and any(_same(whole[:end], part, filled=False) for end in range(len(part), len(part) + 3))
        for whole, part in parts
    )


def _same(expected: str, read: str, *, filled: bool) -> bool:
    """Whether a text was read as another; `filled`: fillers follow it, of which one at least was read as such."""

    @cache
    def rest(at: int, of: int) -> bool:
        if at == len(expected):
            tail = read[of:]
            return not tail.strip(FILLER) or (filled and tail[0] == FILLER and set(tail) <= FILLER_LETTERS | {FILLER})
        if expected[at] == FILLER and rest(at + 1, of):
            return True
        if of == len(read):
            return False
        if read[of] == FILLER and rest(at, of + 1):
            return True
        return _looks_like(expected[at], read[of]) and rest(at + 1, of + 1)

    return rest(0, 0)


def _looks_like(expected: str, read: str) -> bool:
    if expected == FILLER:
        return read == FILLER or read in FILLER_LETTERS
    return read == expected or (read.isdigit() and expected in taken_for(read))


def spaced_as(printed: str, read: str) -> str:
    """Returns a printed name with its words divided as an MRZ divides them, where the letters are the same.

    Engines drop blanks between capitals. Beyond the end of a cut MRZ the print's own blanks stay.
    """
    words = read.split()
    letters = mrz_name(printed).replace(FILLER, "")
    together = "".join(words)
    if not words or not letters.startswith(together):
        return printed
    result: list[str] = []
    count = 0
    ends = set()
    for word in words[:-1] if len(letters) > len(together) else words:
        count += len(word)
        ends.add(count)
    seen = 0
    for character in printed:
        if character == " ":
            if seen >= count and seen not in ends and result[-1:] != [" "]:
                result.append(" ")
            continue
        result.append(character)
        if character.isalpha():
            seen += 1
            if seen in ends:
                result.append(" ")
    text = "".join(result).strip()
    return text.replace(" -", "-").replace("- ", "-")
