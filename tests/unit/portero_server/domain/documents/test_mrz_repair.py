"""Correction of MRZs: to the only consistent value, or to nobody's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import pytest

from portero_server.domain.documents.confusions import taken_for
from portero_server.domain.documents.mrz import TD1, TD3, Layout, Mrz, character_value
from portero_server.domain.documents.mrz_repair import repair
from tests.support.cards.specimen import TODAY, Series, specimen

_DIGITS = "0123456789"
_ALL = _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ<"
_CARDS = [(1, Series.CARD_2013), (2, Series.FOREIGN_2024), (3, Series.PASSPORT)]


def _of(seed: int, series: Series) -> Mrz:
    return Mrz(TD3 if series is Series.PASSPORT else TD1, "".join(specimen(seed, series).mrz))


def _person(mrz: Mrz) -> tuple[object, ...]:
    return mrz.number, mrz.birth(TODAY), mrz.expiry, mrz.run


def _guarded(layout: Layout) -> list[int]:
    return sorted({place for rule in layout.rules for place in (*rule.covered(), rule.place)})


def _with(text: str, *changes: tuple[int, str]) -> str:
    characters = list(text)
    for place, character in changes:
        characters[place] = character
    return "".join(characters)


def _single_errors(mrz: Mrz) -> Iterator[tuple[int, str]]:
    """Yields every error of one character that its place can have.

    Where only digits stand, a letter that resembles no digit counts as a hole; a few characters stand for all of the
    optional data that is not a RUN.
    """
    for place in _guarded(mrz.layout):
        if place in range(*mrz.layout.number):
            others = _ALL
        else:
            others = "07KXO<" if mrz.layout is TD1 and 15 <= place < 30 else _DIGITS + "OISBZGK<W"
        for character in others:
            if character != mrz.text[place]:
                yield place, character


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "series"), _CARDS)
def test_no_single_wrong_character_becomes_somebody_else(seed: int, series: Series) -> None:
    """Every single error is repaired to the truth, or left open with the truth among what is possible.

    The one exception are letters of a number that count the same (B, L, V; G, Q): print must tell them apart.
    """
    mrz = _of(seed, series)
    number = range(*mrz.layout.number)
    for place, character in _single_errors(mrz):
        repaired = repair(mrz.layout, _with(mrz.text, (place, character)), TODAY)
        if _person(repaired.mrz) == _person(mrz) and repaired.sound:
            continue
        if place in number and repaired.sound:
            assert not repaired.repaired
            # It counts the same.
            assert repaired.mrz.number[place - number.start] == character
            assert character_value(character) % 10 == character_value(mrz.text[place]) % 10
            continue
        assert not repaired.sound, (place, character)
        assert mrz.text in {each.text for each in repaired.possible}, (place, character)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "series"), _CARDS)
def test_two_usual_confusions_become_nobody_else(seed: int, series: Series) -> None:
    """Every pair of usual confusions is repaired to the truth, or left open, unless a number's digits allow both."""
    mrz = _of(seed, series)
    start, end = mrz.layout.number
    read = {place: sorted(taken_for(mrz.text[place])) for place in _guarded(mrz.layout)}
    places = [place for place, others in read.items() if others]
    for one, other in combinations(places, 2):
        for first, second in product(read[one], read[other]):
            text = _with(mrz.text, (one, first), (other, second))
            repaired = repair(mrz.layout, text, TODAY)
            if repaired.sound and _person(repaired.mrz) != _person(mrz):
                # Both are in the number, and it is read as it is: print is another reading, and differs.
                assert not repaired.repaired
                assert _person(repaired.mrz)[1:] == _person(mrz)[1:]
                assert repaired.mrz.text[start:end] == text[start:end]


def test_letters_among_digits_are_no_repair() -> None:
    """Where only digits stand, O is 0 and S is 5, in a country 1 is L, and neither is counted as a correction."""
    mrz = _of(1, Series.CARD_2013)
    letters = str.maketrans("015", "OIS")
    places = [*range(6, 15), *range(30, 37), *range(38, 45), *range(48, 56), 59]
    read = _with(mrz.text, *((place, mrz.text[place].translate(letters)) for place in places))
    read = read.replace("CHL", "CH1")
    repaired = repair(TD1, read, TODAY)
    assert repaired.sound
    assert not repaired.repaired
    assert _person(repaired.mrz) == _person(mrz)


def test_a_number_that_begins_with_a_letter_is_not_made_one_of_digits() -> None:
    """A is not 4 where a series of letters could stand: with another error beside it, that would be another card's."""
    mrz = _of(2, Series.FOREIGN_2024)
    for place in range(6, 14):
        for other in _DIGITS.replace(mrz.text[place], ""):
            repaired = repair(TD1, _with(mrz.text, (5, "4"), (place, other)), TODAY)
            assert not repaired.sound or repaired.repaired or repaired.mrz.text[5] == "4"
            repaired = repair(TD1, _with(mrz.text, (place, other)), TODAY)
            assert not repaired.sound or repaired.repaired


def test_one_unread_character_is_what_its_digit_says() -> None:
    """A hole in a date or number is filled where one digit alone fits; two holes are not."""
    mrz = _of(1, Series.CARD_2013)
    for place in (*range(6, 15), *range(30, 37), *range(38, 45)):
        repaired = repair(TD1, _with(mrz.text, (place, "?")), TODAY)
        assert repaired.sound
        assert repaired.repaired
        assert repaired.mrz.text == mrz.text
    # A number may begin with a letter.
    assert mrz.text in {each.text for each in repair(TD1, _with(mrz.text, (5, "?")), TODAY).possible}
    assert not repair(TD1, _with(mrz.text, (31, "?"), (40, "?")), TODAY).sound


def test_a_forged_digit_leaves_it_open() -> None:
    """A date changed without its digits is not sound, nor is one whose own digit was changed along."""
    mrz = _of(1, Series.CARD_2013)
    changed = _with(mrz.text, (35, str((int(mrz.text[35]) + 3) % 10)))
    assert not repair(TD1, changed, TODAY).sound or repair(TD1, changed, TODAY).repaired
