"""Expected guests in both databases."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portero_server.domain.documents.check_in import Guest
from portero_server.errors import InvalidInput, NotFound
from portero_server.store.database import Database
from portero_server.store.guests import GuestStore
from tests.support.server.check_in_parts import PAULA, PEDRO
from tests.support.time.virtual_time import ManualClock

_DAY = date(2026, 3, 2)
_END = datetime(2026, 3, 3, 3, tzinfo=UTC)


@pytest.fixture
def store(database: Database, clock: ManualClock) -> GuestStore:
    """Guests of the database."""
    return GuestStore(database, clock)


async def test_a_list_that_grew_can_be_imported_as_a_whole(store: GuestStore) -> None:
    """Whoever is on the day's list by RUN, number, or reference and name is not added again; a name alone is."""
    first = [
        Guest("g1", "Paula Soto", _DAY, run=PAULA),
        Guest("g2", "Ann Lee", _DAY, document_number="X1"),
        Guest("g3", "Juan Paz", _DAY, reference="R7"),
        Guest("g4", "Eva Sol", _DAY),
    ]
    assert await store.add(first, [_END] * 4, "i1") == first
    again = [
        Guest("h1", "P. Soto", _DAY, run=PAULA),
        Guest("h2", "A. Lee", _DAY, document_number="X1"),
        Guest("h3", "JUAN PAZ", _DAY, reference="R7"),
        Guest("h4", "Eva Sol", _DAY),
        Guest("h5", "Rosa Paz", _DAY, reference="R7"),
        Guest("h6", "Paula Soto", _DAY + timedelta(days=1), run=PAULA),
        Guest("h7", "Pedro Ríos", _DAY, run=PEDRO),
        Guest("h8", "Pedro Ríos", _DAY, run=PEDRO),
    ]
    added = await store.add(again, [_END] * len(again), "i2")
    assert [guest.guest_id for guest in added] == ["h4", "h5", "h6", "h7"]
    assert [guest.guest_id for guest in await store.list(_DAY, 3)] == ["g1", "g2", "g3"]
    assert [guest.guest_id for guest in await store.list(_DAY, 9, "g3")] == ["g4", "h4", "h5", "h7"]
    assert await store.get("h5") == again[4]
    with pytest.raises(NotFound):
        await store.get("h1")


async def test_a_repeated_import_adds_nobody(store: GuestStore) -> None:
    """The same request id returns the guests of the first import, and is refused for another list."""
    guests = [Guest("g1", "Eva Sol", _DAY), Guest("g2", "Ann Lee", _DAY)]
    await store.add(guests, [_END] * 2, "i1", "r1", "d1")
    repeated = await store.add([Guest("h1", "Eva Sol", _DAY)], [_END], "i2", "r1", "d1")
    assert sorted(guest.guest_id for guest in repeated) == ["g1", "g2"]
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await store.add(guests, [_END] * 2, "i3", "r1", "d2")
    assert len(await store.list(_DAY, 9)) == 2


async def test_a_thousand_guests_are_one_import(store: GuestStore) -> None:
    """A full list is stored in one transaction, in statements of a bounded size."""
    guests = [Guest(f"g{number:04}", f"Guest {number}", _DAY, reference=f"R{number}") for number in range(1000)]
    assert len(await store.add(guests, [_END] * 1000, "i1")) == 1000
    assert len(await store.list(_DAY, 2000)) == 1000
