"""Expected guests: importing them, and what a check-in is judged against."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from portero_server.clock import Clock
from portero_server.documents.judging import GuestBook
from portero_server.domain.documents.check_in import Guest, Holder, holder_of
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.run import parse_run
from portero_server.domain.people.people import checked_display_name, checked_request_id
from portero_server.domain.people.privacy import checked_words
from portero_server.errors import InvalidInput
from portero_server.store.check_ins import CheckInStore
from portero_server.store.guests import GuestStore

MOST_GUESTS = 1000
"""Most guests of one import."""
_MOST_ARRIVALS = 10_000
"""Most arrivals of a day that a document is looked for among."""
_MOST_EARLIER = 100
"""Most earlier check-ins of a holder that are looked at, latest first, for one by which they were admitted."""
_YEARS = (2000, 9998)
"""Years of arrival that are taken: the day after the last one is still a date."""


@dataclass(frozen=True, slots=True)
class NewGuest:
    """A guest as the caller told it; empty: not known, and today for the date."""

    display_name: str
    run: str = ""
    document_number: str = ""
    arrival_date: str = ""
    reference: str = ""


class GuestList:
    """Keeps the list of expected guests."""

    def __init__(self, guests: GuestStore, check_ins: CheckInStore, clock: Clock, zone: ZoneInfo) -> None:
        """Creates the list; `zone` is that of the site, by whose date guests arrive."""
        self._guests = guests
        self._check_ins = check_ins
        self._clock = clock
        self._zone = zone

    @property
    def today(self) -> date:
        """The date at the site."""
        return self._clock.now().astimezone(self._zone).date()

    async def add(self, told: Sequence[NewGuest], request_id: str = "") -> Sequence[Guest]:
        """Adds guests and returns those that were not on the list.

        Args:
            told: 1 to `MOST_GUESTS`.
            request_id: A UUID that makes a repetition safe, or empty.

        Raises:
            InvalidInput: A guest cannot be taken; names the field with its place in the list.
        """
        if not 1 <= len(told) <= MOST_GUESTS:
            raise InvalidInput("guests", f"guests must hold 1 to {MOST_GUESTS} guests")
        request, today = checked_request_id(request_id), self.today
        guests = [self._checked(guest, f"guests[{place}]", today) for place, guest in enumerate(told)]
        ends = [self._end_of(guest.arrival_date) for guest in guests]
        digest = None
        if request is not None:
            content = json.dumps([request, "ImportGuests", [astuple(guest) for guest in told]])
            digest = hashlib.sha256(content.encode()).hexdigest()
        return await self._guests.add(guests, ends, uuid4().hex, request, digest)

    async def list(self, day: str, limit: int, after_id: str | None = None) -> Sequence[Guest]:
        """Returns the arrivals of a day (empty: today) by id: at most `limit` after `after_id`.

        Raises:
            InvalidInput: The day is not a date.
        """
        return await self._guests.list(_day(day, "arrival_date", self.today), limit, after_id)

    async def book_for(self, reading: DocumentReading, today: date) -> GuestBook:
        """Returns today's arrivals, and earlier check-ins of the document's holder."""
        arrivals = await self._guests.list(today, _MOST_ARRIVALS)
        holder = holder_of(reading)
        before = [] if holder is None else await self._check_ins.of_holder(holder, _MOST_EARLIER)
        admitted = [check_in for check_in in before if check_in.admitted]
        begins = self._begin_of(today)
        return GuestBook(
            today,
            arrivals,
            earlier_today=next((each for each in admitted if each.created_at >= begins), None),
            earlier=next((each for each in admitted if each.created_at < begins), None),
        )

    def _checked(self, told: NewGuest, field: str, today: date) -> Guest:
        holder = checked_holder(told.run, told.document_number, field)
        return Guest(
            guest_id=uuid4().hex,
            display_name=checked_display_name(told.display_name, f"{field}.display_name"),
            arrival_date=_day(told.arrival_date, f"{field}.arrival_date", today),
            run=holder.run,
            document_number=holder.document_number,
            reference=checked_words(told.reference, f"{field}.reference", 200, required=False),
        )

    def _begin_of(self, day: date) -> datetime:
        # Some days of some zones have no midnight: then this is the moment at which they begin.
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def _end_of(self, day: date) -> datetime:
        return self._begin_of(day + timedelta(days=1))


def checked_run(text: str, field: str) -> str | None:
    """Returns a RUN normalized, 12345678-5, or None for an empty text.

    Raises:
        InvalidInput: It is not a RUN, or its check digit is wrong; the message does not repeat it.
    """
    if not text.strip():
        return None
    run = parse_run(text)
    if run is None or not run.valid:
        raise InvalidInput(field, f"{field} must be a RUN with its check digit after a dash, such as 12.345.678-5")
    return str(run)


def checked_holder(run: str, document_number: str, field: str) -> Holder:
    """Returns RUN and document number normalized, each None where it is empty.

    Raises:
        InvalidInput: The RUN is wrong, or the number too long; the message does not repeat them.
    """
    number = checked_words(document_number, f"{field}.document_number", 63, required=False).upper()
    return Holder(checked_run(run, f"{field}.run"), number or None)


def _day(text: str, field: str, today: date) -> date:
    if not text:
        return today
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-27") else None
    except ValueError:
        day = None
    if day is None or not _YEARS[0] <= day.year <= _YEARS[1]:
        raise InvalidInput(field, f"{field} must be a day such as 2026-11-27")
    return day
