"""The law of check-ins over damaged cards: nobody is ever accepted as somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portero_server.domain.documents.confusions import taken_for
from portero_server.domain.documents.document import PROVED, CardText, DocumentReading, Field
from portero_server.domain.documents.judgment import CheckInResult, FaceEvidence, judge
from portero_server.domain.documents.names import mrz_names
from portero_server.domain.documents.reading import read_text
from tests.support.cards.card_text import card_text
from tests.support.cards.specimen import TODAY, Series, Specimen, specimen

# The law is worth some seconds.
pytestmark = pytest.mark.slow

_MISREAD = 0.94
"""Confidence of a misread line. Only the date of issue asks for it; names are damaged as surely as they are read."""
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FACE = FaceEvidence(similarity=0.95, live_faces=1, portrait_found=True, threshold=0.8)
_SERIES = [each for each in Series if each is not Series.LEGACY]
_CARDS = st.builds(specimen, st.integers(0, 10_000), st.sampled_from(_SERIES))


def _settled(card: Specimen, text: CardText) -> None:
    """Asserts that the reading is right, or that a person looks."""
    reading = read_text(text, TODAY)
    right = all(reading.value(field) == card.truth[field.value] for field in PROVED) and _named(reading, card)
    right = right and reading.value(Field.ISSUE_DATE) in (None, card.truth["issue_date"])
    assert right or reading.reasons
    result = judge(reading, _FACE, None, TODAY).result
    assert right or result is not CheckInResult.ACCEPTED


def _named(reading: DocumentReading, card: Specimen) -> bool:
    """Whether surnames and the first given name are right to their last letter, accents and spaces aside.

    What follows may be in print alone, which nothing confirms.
    """
    surnames, given_names = reading.value(Field.SURNAMES), reading.value(Field.GIVEN_NAMES)
    if surnames is None or given_names is None:
        return False
    true = mrz_names(card.holder.surnames, card.holder.given_names.split()[0], 90).replace("<", "")
    return mrz_names(surnames, given_names, 90).replace("<", "").startswith(true) and (
        mrz_names(surnames, given_names.split()[0], 90).replace("<", "").startswith(true)
    )


def _damaged(text: CardText, line: int, place: int, character: str) -> CardText:
    lines = list(text.lines)
    content = lines[line].content
    content = content[:place] + character + content[place + 1 :]
    lines[line] = replace(lines[line], content=content, confidence=_MISREAD)
    return replace(text, lines=tuple(lines))


def _confusable(text: CardText, first: int = 0) -> list[tuple[int, int]]:
    """Returns line and place of each character that is usually taken for others, from a line on."""
    return [
        (line, place)
        for line in range(first, len(text.lines))
        for place, character in enumerate(text.lines[line].content)
        if taken_for(character)
    ]


@pytest.mark.parametrize("coded", [False, True], ids=["without QR code", "with QR code"])
@pytest.mark.parametrize("series", [Series.CARD_2013, Series.FOREIGN_2024, Series.PASSPORT])
def test_every_usual_confusion(series: Series, coded: bool) -> None:
    """Every character of a card, print and MRZ, taken for each that it looks like: all are tried, none does harm."""
    card = specimen(3, series)
    text = card_text(card, coded=coded)
    for line, place in _confusable(text):
        for character in taken_for(text.lines[line].content[place]):
            _settled(card, _damaged(text, line, place, character))


@pytest.mark.parametrize("series", [Series.CARD_2013, Series.FOREIGN_2024, Series.PASSPORT])
def test_every_wrong_character_of_a_run(series: Series) -> None:
    """Every character of the RUN, in print and in the MRZ, read as every digit, K or a filler: the same holds."""
    card = specimen(3, series)
    text = card_text(card, coded=False)
    in_print, in_mrz = len(text.lines) - len(card.mrz) - 1, len(text.lines) - len(card.mrz) + 1
    run = card.holder.run.replace("-", "<")
    start = text.lines[in_mrz].content.index(run)
    places = [(in_print, place) for place in range(len(text.lines[in_print].content))]
    places += [(in_mrz, place) for place in range(start, start + len(run))]
    for line, place in places:
        for character in "0123456789K<":
            _settled(card, _damaged(text, line, place, character))


@settings(deadline=None, max_examples=150)
@given(_CARDS, st.booleans(), st.data())
def test_any_wrong_character_anywhere(card: Specimen, coded: bool, data: st.DataObject) -> None:
    """Whichever character of print or MRZ is read as whichever other one, the reading is right or a person looks."""
    text = card_text(card, coded=coded)
    line = data.draw(st.integers(0, len(text.lines) - 1))
    place = data.draw(st.integers(0, len(text.lines[line].content) - 1))
    _settled(card, _damaged(text, line, place, data.draw(st.sampled_from(_ALPHABET + "< "))))


@settings(deadline=None, max_examples=250)
@given(_CARDS, st.booleans(), st.booleans(), st.data())
def test_any_two_usual_confusions(card: Specimen, coded: bool, in_mrz: bool, data: st.DataObject) -> None:
    """Whichever two characters of the MRZ, or of both zones, are taken for what they look like, the same holds."""
    text = card_text(card, coded=coded)
    places = _confusable(text, len(text.lines) - len(card.mrz) if in_mrz else 0)
    for line, place in data.draw(st.lists(st.sampled_from(places), min_size=2, max_size=2, unique=True)):
        character = text.lines[line].content[place]
        text = _damaged(text, line, place, data.draw(st.sampled_from(sorted(taken_for(character)))))
    _settled(card, text)


@settings(deadline=None, max_examples=150)
@given(_CARDS, st.sampled_from(["APELLIDOS", "NOMBRES"]), st.data())
def test_any_wrong_end_of_a_name(card: Specimen, label: str, data: st.DataObject) -> None:
    """However surely surnames or a first name are read that lost their end, or got another, a person looks."""
    name = card.holder.surnames if label == "APELLIDOS" else card.holder.given_names
    kept = name[: data.draw(st.integers(1, len(name)))]
    end = data.draw(st.sampled_from(["", "A", "S", " JOSÉ", " DE LA CRUZ"]))
    _settled(card, card_text(card, changed={label: kept + end}))


@settings(deadline=None, max_examples=80)
@given(_CARDS, st.booleans(), st.data())
def test_any_lost_line(card: Specimen, coded: bool, data: st.DataObject) -> None:
    """Whichever lines were not read, nothing takes another's place."""
    text = card_text(card, coded=coded)
    lost = data.draw(st.sets(st.integers(0, len(text.lines) - 1), min_size=1, max_size=4))
    kept = tuple(line for index, line in enumerate(text.lines) if index not in lost)
    _settled(card, replace(text, lines=kept))


@settings(deadline=None, max_examples=80)
@given(_CARDS, _CARDS, st.integers(0, 3), st.booleans())
def test_the_zones_of_two_people(card: Specimen, other: Specimen, mixed: int, coded: bool) -> None:
    """A card with the MRZ, the code, the front or the RUN of somebody else is never accepted."""
    if card.holder.run == other.holder.run or (card.series is Series.PASSPORT) != (other.series is Series.PASSPORT):
        return
    if mixed == 0:
        text = card_text(card, mrz=other.mrz, coded=coded)
    elif mixed == 1 and card.qr is not None:
        text = card_text(card, qr=other.qr)
    elif mixed == 2:
        text = card_text(card, changed={"RUN": card_text(other).lines[-len(other.mrz) - 1].content}, coded=coded)
    else:
        front, back = card_text(card, coded=coded), card_text(other, coded=coded)
        printed = len(front.lines) - len(card.mrz)
        text = CardText(front.lines[:printed] + back.lines[printed:], back.codes)
    report = judge(read_text(text, TODAY), _FACE, None, TODAY)
    assert report.result is not CheckInResult.ACCEPTED
    assert report.reasons
