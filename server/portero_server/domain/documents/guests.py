"""Expected guests: who of today's arrivals holds a document, and whether they are in already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portero_server.domain.documents.check_in import Guest, GuestStatus
from portero_server.domain.documents.document import DocumentReading, Field
from portero_server.domain.documents.judgment import Standing
from portero_server.domain.documents.names import mrz_name
from portero_server.domain.documents.run import parse_run

_PARTICLES = frozenset({"DE", "DEL", "LA", "LAS", "LOS", "Y", "E", "DA", "DO", "DOS", "VAN", "VON", "DER"})


@dataclass(frozen=True, slots=True)
class GuestMatch:
    """Who of the expected guests holds a document, and how they stand to the list.

    Attributes:
        status: Expected, in already, known from before, or none of these.
        guest: The guest, where there is one; an uncertain one is the likeliest.
        uncertain: Whether a person must look: several may be meant, or one who was booked under another number.
    """

    status: GuestStatus
    guest: Guest | None = None
    uncertain: bool = False

    @property
    def standing(self) -> Standing:
        """What a report says of it."""
        return Standing(
            expected=self.guest is not None,
            already_in=self.status is GuestStatus.ALREADY_IN,
            uncertain=self.uncertain,
        )


def match_guest(
    reading: DocumentReading, arrivals: Sequence[Guest], *, earlier_today: bool = False, earlier: bool = False
) -> GuestMatch:
    """Returns who of the expected guests holds a document.

    A RUN or document number decides. By name alone somebody is found who was booked without a number; one who was
    booked under another number is uncertain.

    Args:
        reading: What the document says.
        arrivals: Who is expected today.
        earlier_today: Whether the holder was admitted today before.
        earlier: Whether they were admitted before today.
    """
    guest, uncertain = _guest(reading, arrivals)
    arrived = guest is not None and guest.check_in_id is not None and not uncertain
    if earlier_today or arrived:
        status = GuestStatus.ALREADY_IN
    elif guest is not None:
        status = GuestStatus.EXPECTED
    else:
        status = GuestStatus.KNOWN if earlier else GuestStatus.UNKNOWN
    return GuestMatch(status, guest, uncertain)


def _guest(reading: DocumentReading, arrivals: Sequence[Guest]) -> tuple[Guest | None, bool]:
    """Returns the guest, or the likeliest, and whether that is uncertain."""
    run, number = reading.value(Field.RUN), reading.value(Field.DOCUMENT_NUMBER)
    numbered = [
        guest
        for guest in arrivals
        if (run is not None and _run_of(guest) == run)
        or (number is not None and guest.document_number and _plain(guest.document_number) == _plain(number))
    ]
    if numbered:
        # One person booked twice is one person, who takes the booking that is still open.
        return min(numbered, key=lambda guest: (guest.check_in_id is not None, guest.guest_id)), False
    surnames, given = reading.value(Field.SURNAMES), reading.value(Field.GIVEN_NAMES)
    if surnames is None or given is None:
        return None, False
    named = [guest for guest in arrivals if same_name(guest.display_name, surnames, given)]
    if len(named) > 1:
        return None, True
    if not named:
        return None, False
    return named[0], bool(named[0].run or named[0].document_number)


def _run_of(guest: Guest) -> str:
    run = parse_run(guest.run or "")
    return str(run) if run is not None else ""


def _plain(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum())


def same_name(booked: str, surnames: str, given_names: str) -> bool:
    """Whether a booked name may be the one of a document.

    Accents, case, hyphens and the order of names and surnames do not count, nor names that were left out, as long as
    one given name and the first surname are there; nobody is meant by a word that the document does not have.
    """
    words = _name_words(booked)
    family, given = _name_words(surnames), _name_words(given_names)
    if not words or not family or not given:
        return False
    left = list(family + given)
    for word in words:
        if word not in left:
            return False
        left.remove(word)
    return family[0] in words and any(name in words for name in given)


def _name_words(name: str) -> list[str]:
    return [word for word in mrz_name(name).split("<") if word and word not in _PARTICLES]
