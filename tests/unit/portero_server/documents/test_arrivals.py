"""Who is expected, by the date at the site."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from portero_server.documents.arrivals import GuestList, NewGuest, checked_run
from portero_server.domain.people.privacy import Purpose
from portero_server.errors import InvalidInput
from portero_server.store.check_ins import CheckInStore
from portero_server.store.database import Database
from portero_server.store.guests import GuestStore
from portero_server.store.retention import RetentionStore
from tests.support.server.check_in_parts import PAULA, ZONE, reading
from tests.support.time.virtual_time import ManualClock


def _arrivals(database: Database, clock: ManualClock, zone: ZoneInfo = ZONE) -> GuestList:
    return GuestList(GuestStore(database, clock), CheckInStore(database, clock), clock, zone)


async def test_today_is_that_of_the_site(database: Database) -> None:
    """A guest without a date is expected on the day that it is at the site, which may be yesterday in UTC."""
    clock = ManualClock(datetime(2026, 3, 2, 1, 30, tzinfo=UTC))
    arrivals = _arrivals(database, clock)
    await arrivals.add([NewGuest("Paula Soto"), NewGuest("Ben", arrival_date="2026-03-02")])
    assert [guest.arrival_date for guest in await arrivals.list("", 9)] == [date(2026, 3, 1)]
    book = await arrivals.book_for(reading(), arrivals.today)
    assert [guest.display_name for guest in book.arrivals] == ["Paula Soto"]
    clock.advance(3 * 3600)
    assert [guest.display_name for guest in await arrivals.list("", 9)] == ["Ben"]


async def test_a_day_without_midnight_has_its_guests(database: Database) -> None:
    """On the day on which clocks in Santiago leap over midnight guests arrive, and are kept from its end on."""
    clock = ManualClock(datetime(2026, 9, 6, 12, 0, tzinfo=UTC))
    arrivals = _arrivals(database, clock)
    await arrivals.add([NewGuest("Paula Soto")])
    assert len(await arrivals.list("2026-09-06", 9)) == 1
    kept = RetentionStore(database, clock)
    ends = datetime(2026, 9, 7, 3, 0, tzinfo=UTC)
    assert await kept.oldest(Purpose.GUESTS, ends) is None
    assert await kept.oldest(Purpose.GUESTS, ends.replace(minute=1)) == ends


async def test_a_list_is_taken_whole_or_not_at_all(database: Database) -> None:
    """One guest that cannot be taken refuses the list, by its place in it."""
    arrivals = _arrivals(database, ManualClock())
    with pytest.raises(InvalidInput) as refused:
        await arrivals.add([NewGuest("Paula"), NewGuest("Ben", run="20.111.222-0")])
    assert refused.value.field == "guests[1].run"
    assert await arrivals.list("", 9) == []
    with pytest.raises(InvalidInput, match="1 to 1000"):
        await arrivals.add([NewGuest("Paula")] * 1001)


def test_a_run_is_normalized_or_refused() -> None:
    """Dots, blanks and case do not count; a wrong digit or a missing dash is refused, and not repeated."""
    assert checked_run(" 20.111.222-" + PAULA[-1].lower(), "run") == PAULA
    assert checked_run("", "run") is None
    for wrong in ("20111222" + PAULA[-1], "20111222-0" if PAULA[-1] != "0" else "20111222-1", "x"):
        with pytest.raises(InvalidInput) as refused:
            checked_run(wrong, "run")
        assert wrong not in refused.value.message or wrong == "x"
