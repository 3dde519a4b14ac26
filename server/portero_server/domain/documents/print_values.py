"""The values of the printed zone: dates with Spanish months, numbers, nationalities, sex, names."""

from __future__ import annotations

import re
from datetime import date

from portero_server.domain.documents.confusions import as_digit, as_letter
from portero_server.domain.documents.countries import NATIONALITIES
from portero_server.domain.documents.print_words import folded

_MONTHS = {
    "ENE": 1, "FEB": 2, "MAR": 3, "ABR": 4, "MAY": 5, "JUN": 6, "JUL": 7, "AGO": 8, "SEPT": 9, "SEP": 9, "SET": 9,
    "OCT": 10, "NOV": 11, "DIC": 12, "JAN": 1, "APR": 4, "AUG": 8, "DEC": 12,
}  # fmt: skip
_NUMERIC = re.compile(r"(?<!\d)(\d{2})[-/. ](\d{2})[-/. ]((?:19|20)\d{2})(?!\d)")
# Letters that are taken for each other where a month stands: "OIC" is DIC, "JUI" JUL.
_LIKE = {"O": "D", "D": "O", "I": "L", "L": "I", "Q": "O", "P": "F", "F": "P", "B": "R", "R": "B", "H": "N"}
_LEAST_NUMBER = 7
_MOST_NUMBER = 9
_LEAST_DIGITS = 5
_CODES = frozenset(NATIONALITIES.values())
# Nationalities of so many letters are told by all but one.
_LONG = 6


def find_dates(text: str) -> tuple[date, ...]:
    """Returns the dates in a text, in its order: 05 SEPT 1990, whatever an engine made of blanks and zeros."""
    found: list[date] = []
    squeezed = "".join(character for character in folded(text) if character.isalnum())
    at = 1
    while at < len(squeezed) - 6:
        reading = _date_at(squeezed, at)
        if reading is None:
            at += 1
        else:
            day, at = reading
            found.append(day)
    if not found:
        for match in _NUMERIC.finditer(text):
            numeric = _day(int(match[3]), int(match[2]), match[1])
            if numeric is not None:
                found.append(numeric)
    return tuple(found)


def _date_at(text: str, at: int) -> tuple[date, int] | None:
    """Returns the date whose month begins at a place, and where it ends."""
    for length in (4, 3):
        month = _month(text[at : at + length])
        year = "".join(as_digit(character) for character in text[at + length : at + length + 4])
        if month is None or not re.fullmatch(r"(19|20)\d\d", year):
            continue
        for first in (at - 2, at - 1):
            if first < 0 or (first == at - 1 and first > 0 and as_digit(text[first - 1]).isdigit()):
                continue
            day = _day(int(year), month, "".join(as_digit(character) for character in text[first:at]))
            if day is not None:
                return day, at + length + 4
    return None


def _month(text: str) -> int | None:
    letters = "".join(as_letter(character) for character in text)
    if letters in _MONTHS:
        return _MONTHS[letters]
    near = {
        _MONTHS[changed]
        for place, letter in enumerate(letters)
        if letter in _LIKE and (changed := letters[:place] + _LIKE[letter] + letters[place + 1 :]) in _MONTHS
    }
    return near.pop() if len(near) == 1 else None


def _day(year: int, month: int, day: str) -> date | None:
    try:
        return date(year, month, int(day))
    except ValueError:
        return None


def find_number(text: str) -> str | None:
    """Returns the only document number in a text, without dots: up to nine characters, most of them digits."""
    whole = _number(text)
    if whole is not None:
        return whole
    found = {number for word in text.split() if (number := _number(word)) is not None}
    return found.pop() if len(found) == 1 else None


def _number(text: str) -> str | None:
    number = "".join(character for character in folded(text) if character.isascii() and character.isalnum())
    if not _LEAST_NUMBER <= len(number) <= _MOST_NUMBER or find_dates(text):
        return None
    digits = "".join(as_digit(character) for character in number)
    if number[0].isdigit() and digits.isdigit():
        return digits
    # A series that begins with a letter may have others, which look like digits.
    return number if sum(character.isdigit() for character in number) >= _LEAST_DIGITS else None


def _one_off(word: str, known: str) -> bool:
    """Whether one letter is wrong, missing or too many."""
    at = next((at for at, (a, b) in enumerate(zip(word, known, strict=False)) if a != b), min(len(word), len(known)))
    return any(
        word[at + more :] == known[at + less :] for more, less in ((1, 1), (0, 1), (1, 0)) if len(word) >= _LONG - 1
    )


def find_sex(text: str) -> str | None:
    """Returns F, M or X, or None."""
    words = set(folded(text).replace("/", " ").split())
    found = {sex for sex, spellings in _SEXES.items() if words & spellings}
    return found.pop() if len(found) == 1 else None


_SEXES = {"F": {"F", "FEMENINO", "FEMALE"}, "M": {"M", "MASCULINO", "MALE"}, "X": {"X"}}


def find_nationality(text: str) -> str | None:
    """Returns the ICAO code of a nationality as printed, or the printed word if it is not a usual one."""
    words = [
        "".join(as_letter(character) for character in word if character.isalnum())
        for word in folded(text).split()
        if len(word) > 2
    ]
    for word in (*words, "".join(words)):
        if word in NATIONALITIES:
            return NATIONALITIES[word]
        codes = {code for known, code in NATIONALITIES.items() if len(known) >= _LONG and _one_off(word, known)}
        if len(codes) == 1:
            return codes.pop()
    return words[0] if len(words) == 1 and words[0].isalpha() else None


def known_nationality(code: str) -> bool:
    """Whether it is the code of a nationality, and not a printed word."""
    return code in _CODES


def name_word(text: str) -> str | None:
    """Returns a word of a name in capitals, accents kept, or None where it is not a name."""
    word = "".join(as_letter(character) for character in text.upper().replace("\u00b4", "'").replace("`", "'"))
    word = re.sub(r"[^\w'-]", "", word).strip("-'_")
    letters = sum(character.isalpha() for character in word)
    if not letters or letters < len(word) - word.count("'") - word.count("-"):
        return None
    digits = sum(character.isdigit() for character in text)
    return None if digits > 1 and digits > len(text) / 3 else word
