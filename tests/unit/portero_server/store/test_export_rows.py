"""Who is erased or forgotten has exported days written again, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.export_rows import days_behind, note_days_of_person
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from tests.support.server.export_house import DAY, ExportHouse
from tests.support.store.visitors import GAP, Strangers, face_at
from tests.support.time.virtual_time import ManualClock

DAYS = [date(2026, 3, 2) + timedelta(days=number) for number in range(3)]


@pytest.fixture
async def house(database: Database, clock: ManualClock, tmp_path: Path) -> ExportHouse:
    """Cameras and people."""
    house = ExportHouse(database, clock, tmp_path / "exports")
    await house.open()
    return house


async def _write(house: ExportHouse) -> None:
    for day in DAYS:
        await house.days.finish(replace(await house.days.begin(day), read_at=house.clock.now()))


async def _due(house: ExportHouse) -> list[date]:
    return sorted(day for day, each in (await house.days.days()).items() if each.written < each.changes)


async def test_an_erasure_changes_the_days_of_the_person_alone(house: ExportHouse) -> None:
    """The receipt counts them; until they are read after it, the proof has them too."""
    await house.seen("t1", 0, "ana")
    await house.seen("t2", 900, "ana", "desk")
    await house.seen("t3", DAY, "ben")
    await house.seen("t4", 2 * DAY, "ana")
    await _write(house)
    erasures = ErasureStore(house.database, house.clock)
    house.clock.advance(60)
    begun = await erasures.begin("ana")
    assert begun.counts["exported_days"] == 2
    await erasures.scrub(begun)
    receipt = await erasures.finish(begun.erasure_id)
    assert (receipt.sound, receipt.counts["exported_days"], await _due(house)) == (True, 2, [DAYS[0], DAYS[2]])
    assert await erasures.exported_days_left(receipt) == 2
    house.clock.advance(60)
    await _write(house)
    assert await erasures.exported_days_left(receipt) == 0
    # Late frames of somebody else are no trace of who was erased.
    start = await house.days.last_position()
    await house.seen("t5", 1800, "ben")
    await house.days.follow(start, await house.days.days())
    assert (await _due(house), await erasures.exported_days_left(receipt)) == (DAYS[:1], 0)


async def test_what_an_export_reads_during_an_erasure_is_read_again(house: ExportHouse) -> None:
    """The name goes from a sighting and the day is noted in one transaction."""
    await house.seen("t1", 0, "ana")
    erasures = ErasureStore(house.database, house.clock)
    await _write(house)
    begun = await erasures.begin("ana")
    noted = await house.days.begin(DAYS[0])
    await erasures.scrub(begun)
    await house.days.finish(replace(noted, read_at=house.clock.now()))
    assert await _due(house) == DAYS[:1]


async def test_without_exports_a_receipt_has_no_word_of_them(house: ExportHouse) -> None:
    """Nothing is looked for, and nothing is behind."""
    await house.seen("t1", 0, "ana")
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    assert "exported_days" not in begun.counts
    assert await house.database.read(lambda connection: days_behind(connection, house.clock.now())) == 0


async def test_a_visitor_who_is_forgotten_goes_from_the_files(house: ExportHouse) -> None:
    """All days of the visits are written again, and no other."""
    strangers = Strangers(StreamStore(house.database, house.clock), Recording(house.database, house.clock))
    visitors = VisitorStore(house.database, house.clock, visit_gap=GAP)
    visitor_id = None
    for number in (0, 2):
        visit = await strangers.comes(visitors, f"t{number}", number * DAY)
        known = await visitors.known(visit, "m1")
        stored = await visitors.assign(visit, visitor_id, [face_at(0)], "m1", known.position)
        assert isinstance(stored, Assigned)
        visitor_id = stored.visitor_id
    await _write(house)
    assert visitor_id is not None
    await visitors.forget([visitor_id])
    assert await _due(house) == [DAYS[0], DAYS[2]]


async def test_visitors_who_become_one_have_their_days_written_again(house: ExportHouse) -> None:
    """Their visits have another visitor, and other numbers, of which no event tells."""
    strangers = Strangers(StreamStore(house.database, house.clock), Recording(house.database, house.clock))
    visitors = VisitorStore(house.database, house.clock, visit_gap=GAP)
    found = []
    for number in (0, 2):
        visit = await strangers.comes(visitors, f"t{number}", number * DAY)
        known = await visitors.known(visit, "m1")
        stored = await visitors.assign(visit, None, [face_at(0)], "m1", known.position)
        assert isinstance(stored, Assigned)
        found.append(stored.visitor_id)
    await _write(house)
    await visitors.merge(*found)
    assert await _due(house) == [DAYS[0], DAYS[2]]


async def test_a_day_that_is_new_waits_for_an_erasure_under_way(house: ExportHouse) -> None:
    """No row of it could be changed; so it is noted, and then read, only when the erasure has removed the name."""
    await house.seen("t1", 0, "ana")
    await house.days.begin(DAYS[1])
    begun = []

    async def erase(connection: AsyncConnection) -> None:
        await note_days_of_person(connection, "ana")
        begun.append(asyncio.create_task(house.days.begin(DAYS[0])))
        done, _ = await asyncio.wait(begun, timeout=0.3)
        assert done == set()

    await house.database.run(erase)
    assert (await begun[0]).day == DAYS[0]
