"""Expected guests: who of today's arrivals holds a document, and who is in already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_server.domain.documents.document import DocumentReading, Field
from portero_server.domain.documents.names import mrz_name
from portero_server.domain.documents.run import parse_run

_PARTICLES = frozenset({"DE", "DEL", "LA", "LAS", "LOS", "Y", "E", "DA", "DO", "DOS", "VAN", "VON", "DER", "SAN"})


@dataclass(frozen=True, slots=True)
class ExpectedGuest:
    """Somebody who is expected.

    Attributes:
        guest_id: Last part of the resource name.
        name: As booked: any order of names and surnames, with accents or without, in any case.
        run: As typed, with dots or without, or empty.
        document_number: Of the passport, for those without a RUN; or empty.
    """

    guest_id: str
    name: str
    run: str = ""
    document_number: str = ""


@dataclass(frozen=True, slots=True)
class EarlierCheckIn:
    """A check-in before this one that was accepted: when, and with which document."""

    check_in_id: str
    run: str
    document_number: str
    at: datetime


class GuestStanding(Enum):
    """How somebody stands to the guest list."""

    EXPECTED = "expected"
    KNOWN = "known"
    """Not on the list, but checked in here before."""
    UNKNOWN = "unknown"
    ALREADY_IN = "already_in"


@dataclass(frozen=True, slots=True)
class GuestMatch:
    """Who of the expected guests holds a document.

    Attributes:
        standing: How they stand to the list.
        guest: The guest, where there is exactly one.
        uncertain: Whether a person must look: several may be meant, or one whose RUN is another.
        check_in_id: The check-in of this stay, where they are in already.
    """

    standing: GuestStanding
    guest: ExpectedGuest | None = None
    uncertain: bool = False
    check_in_id: str = ""


def match_guest(
    reading: DocumentReading,
    guests: Sequence[ExpectedGuest],
    earlier: Iterable[EarlierCheckIn] = (),
    *,
    since: datetime | None = None,
) -> GuestMatch:
    """Returns who of the expected guests holds a document.

    A RUN or document number decides. By name alone somebody is only found who was booked without a number, or whose
    number is another: then it is uncertain.

    Args:
        reading: What the document says.
        guests: Today's arrivals.
        earlier: Accepted check-ins of whoever holds the document or one of its numbers.
        since: From when on an earlier check-in is of this stay; None: none is.
    """
    mine = [each for each in earlier if same_holder(reading, each)]
    guest, uncertain = _guest(reading, guests)
    inside = [each for each in mine if since is not None and each.at >= since]
    if inside:
        latest = max(inside, key=lambda each: each.at)
        return GuestMatch(GuestStanding.ALREADY_IN, guest, uncertain, latest.check_in_id)
    if guest is not None or uncertain:
        return GuestMatch(GuestStanding.EXPECTED if guest is not None else GuestStanding.UNKNOWN, guest, uncertain)
    return GuestMatch(GuestStanding.KNOWN if mine else GuestStanding.UNKNOWN)


def same_holder(reading: DocumentReading, earlier: EarlierCheckIn) -> bool:
    """Whether an earlier check-in was the same person's: the RUN, or the document number where one has no RUN."""
    run = reading.value(Field.RUN)
    if run is not None and earlier.run:
        return run == earlier.run
    number = reading.value(Field.DOCUMENT_NUMBER)
    return number is not None and number == earlier.document_number


def _guest(reading: DocumentReading, guests: Sequence[ExpectedGuest]) -> tuple[ExpectedGuest | None, bool]:
    """Returns the guest, if there is exactly one, and whether that is uncertain."""
    run, number = reading.value(Field.RUN), reading.value(Field.DOCUMENT_NUMBER)
    by_number = [
        guest
        for guest in guests
        if (run is not None and _run_of(guest) == run)
        or (number is not None and guest.document_number and _plain(guest.document_number) == _plain(number))
    ]
    if len(by_number) == 1:
        return by_number[0], False
    if by_number:
        # One person may be booked twice.
        return by_number[0], True
    surnames, given = reading.value(Field.SURNAMES), reading.value(Field.GIVEN_NAMES)
    if surnames is None or given is None:
        return None, False
    named = [guest for guest in guests if same_name(guest.name, surnames, given)]
    if len(named) != 1:
        return None, bool(named)
    numbered = bool(named[0].run or named[0].document_number)
    return named[0], numbered


def _run_of(guest: ExpectedGuest) -> str:
    run = parse_run(guest.run)
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
