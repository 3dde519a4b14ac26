"""Expected guests: who of them holds a document."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.documents.check_in import Guest, GuestStatus
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.guests import GuestMatch, match_guest, same_name
from portero_server.domain.documents.reading import read_text
from tests.support.cards.card_text import card_text
from tests.support.cards.specimen import TODAY, Series, specimen

_CARD = specimen(1, Series.CARD_2013)
_NAME = f"{_CARD.holder.given_names} {_CARD.holder.surnames}"


@pytest.fixture(name="reading")
def _reading() -> DocumentReading:
    return read_text(card_text(_CARD), TODAY)


def _guest(
    name: str = _NAME, *, run: str | None = None, document_number: str | None = None, check_in_id: str | None = None
) -> Guest:
    return Guest("g1", name, TODAY, run=run, document_number=document_number, check_in_id=check_in_id)


def test_a_run_decides(reading: DocumentReading) -> None:
    """With dots or without, whatever name was booked."""
    dotted = f"{int(_CARD.holder.run[:-2]):,}".replace(",", ".") + _CARD.holder.run[-2:]
    for run in (_CARD.holder.run, dotted):
        guest = _guest("Somebody Else", run=run)
        assert match_guest(reading, [_guest("X Y"), guest]) == GuestMatch(GuestStatus.EXPECTED, guest)


def test_a_document_number_decides(reading: DocumentReading) -> None:
    """For those who were booked with it; dots do not count."""
    guest = _guest("Somebody Else", document_number=f"{int(_CARD.number):,}".replace(",", "."))
    assert match_guest(reading, [guest]).guest == guest


def test_a_name_is_found_if_nothing_contradicts(reading: DocumentReading) -> None:
    """One who was booked without a number is found by name; one with another number is uncertain."""
    assert match_guest(reading, [_guest()]) == GuestMatch(GuestStatus.EXPECTED, _guest())
    other = _guest(run="11111111-1")
    assert match_guest(reading, [other]) == GuestMatch(GuestStatus.EXPECTED, other, uncertain=True)
    two = [_guest(), replace(_guest(), guest_id="g2")]
    assert match_guest(reading, two) == GuestMatch(GuestStatus.UNKNOWN, None, uncertain=True)
    assert match_guest(reading, [_guest("Otra Persona")]) == GuestMatch(GuestStatus.UNKNOWN)


def test_who_is_in_already(reading: DocumentReading) -> None:
    """Somebody who was admitted today, or whose booking was taken by a check-in, is in already."""
    taken = _guest(run=_CARD.holder.run, check_in_id="c1")
    assert match_guest(reading, [taken]).status is GuestStatus.ALREADY_IN
    assert match_guest(reading, [], earlier_today=True) == GuestMatch(GuestStatus.ALREADY_IN)
    assert match_guest(reading, [], earlier=True) == GuestMatch(GuestStatus.KNOWN)
    # Booked twice: the booking that is still open is theirs.
    free = replace(taken, guest_id="g2", check_in_id=None)
    assert match_guest(reading, [taken, free]) == GuestMatch(GuestStatus.EXPECTED, free)


def test_a_match_says_how_one_stands(reading: DocumentReading) -> None:
    """A report is told whether somebody is expected, in already, or uncertain."""
    standing = match_guest(reading, [_guest()], earlier_today=True).standing
    assert (standing.expected, standing.already_in, standing.uncertain) == (True, True, False)


@pytest.mark.parametrize(
    ("booked", "same"),
    [
        ("María José Muñoz Pérez", True),
        ("maria jose munoz perez", True),
        ("Muñoz Pérez, María José", True),
        ("MUÑOZ MARIA", True),
        ("José Muñoz", True),
        ("María Muñoz-Pérez", True),
        ("María Pérez", False),
        ("Muñoz Pérez", False),
        ("María José", False),
        ("María Muñoz Soto", False),
        ("María María Muñoz", False),
        ("Mario Muñoz", False),
        ("", False),
    ],
)
def test_names_as_people_book_them(booked: str, same: bool) -> None:
    """Accents, case, order and left-out names do not count; other words, and a missing first surname, do."""
    assert same_name(booked, "MUÑOZ PÉREZ", "MARÍA JOSÉ") is same


def test_particles_do_not_count() -> None:
    """Of "de la" nobody knows how it was booked."""
    assert same_name("Ana Fuente", "DE LA FUENTE SOTO", "ANA")
    assert same_name("Ana de la Fuente", "FUENTE SOTO", "ANA")
