"""Expected guests: today's arrivals, and who of them has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.documents.check_in import Guest
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.repeated_requests import claim_request
from portero_server.store.schema import guests

_ROWS = 500
"""Rows of one INSERT statement."""


class GuestStore:
    """Stores expected guests. Erasing them is `HolderStore`'s."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(
        self,
        arriving: Sequence[Guest],
        day_ends_at: Sequence[datetime],
        import_id: str,
        request_id: str | None = None,
        digest: str | None = None,
    ) -> Sequence[Guest]:
        """Adds guests, and returns those that were added.

        Whoever is on the list of the same day already, by RUN, document number or reference, is not added again, so
        that a list that has grown can be imported as a whole.

        Args:
            arriving: Checked guests.
            day_ends_at: When the day of each ends, for its retention.
            import_id: Made up for this import.
            request_id: The same within a day returns the guests of the first request.
            digest: What the request asks for, hashed; another one under the same request id is refused.

        Raises:
            InvalidInput: The request id was used for another request.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> Sequence[Guest]:
            if request_id is not None:
                first = await claim_request(connection, request_id, digest, import_id, now)
                if first is not None:
                    return await _rows(connection, select(guests).where(guests.c.import_id == first))
            known = set().union(*[await _marks(connection, day) for day in {guest.arrival_date for guest in arriving}])
            new: list[dict[str, Any]] = []
            for guest, end in zip(arriving, day_ends_at, strict=True):
                if marks := marks_of(guest):
                    if marks & known:
                        continue
                    known |= marks
                new.append(_columns(guest) | {"import_id": import_id, "day_ends_at": end, "created_at": now})
            for begin in range(0, len(new), _ROWS):
                await connection.execute(insert(guests).values(new[begin : begin + _ROWS]))
            return [_guest(row) for row in new]

        return await self._database.run(unit)

    async def list(self, day: date, limit: int, after_id: str | None = None) -> Sequence[Guest]:
        """Returns the arrivals of a day by id: at most `limit` after `after_id`."""
        query = select(guests).where(guests.c.arrival_date == day.isoformat())
        if after_id is not None:
            query = query.where(guests.c.guest_id > after_id)
        query = query.order_by(guests.c.guest_id).limit(limit)
        return await self._database.read(lambda connection: _rows(connection, query))

    async def get(self, guest_id: str) -> Guest:
        """Returns a guest by id. Raises NotFound."""
        query = select(guests).where(guests.c.guest_id == guest_id)
        found = await self._database.read(lambda connection: _rows(connection, query))
        if not found:
            raise NotFound(f"guests/{guest_id}")
        return found[0]


def marks_of(guest: Guest) -> set[tuple[str, date, str]]:
    """Returns what two entries of one guest have in common; empty: only the name is known, which may be anybody's."""
    marks = {"run": guest.run, "document_number": guest.document_number, "reference": guest.reference}
    # Several people share a reservation: its number tells one apart together with the name.
    if guest.reference:
        marks["reference"] = f"{guest.reference}\0{guest.display_name.casefold()}"
    return {(kind, guest.arrival_date, value) for kind, value in marks.items() if value}


async def _marks(connection: AsyncConnection, day: date) -> set[tuple[str, date, str]]:
    there = await _rows(connection, select(guests).where(guests.c.arrival_date == day.isoformat()))
    return set().union(*(marks_of(guest) for guest in there))


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[Guest]:
    return [_guest(row) for row in (await connection.execute(query)).mappings()]


def _columns(guest: Guest) -> dict[str, Any]:
    return {
        "guest_id": guest.guest_id,
        "arrival_date": guest.arrival_date.isoformat(),
        "display_name": guest.display_name,
        "run": guest.run,
        "document_number": guest.document_number,
        "reference": guest.reference,
        "check_in_id": guest.check_in_id,
    }


def _guest(row: Any) -> Guest:
    return Guest(
        guest_id=row["guest_id"],
        display_name=row["display_name"],
        arrival_date=date.fromisoformat(row["arrival_date"]),
        run=row["run"],
        document_number=row["document_number"],
        reference=row["reference"],
        check_in_id=row["check_in_id"],
    )
