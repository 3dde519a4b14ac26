"""What makes a person or a visitor gone takes the pictures along, and no picture on its way comes after; on both."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.store import schema
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.exports import ExportStore
from portero_server.store.remains import remains_of
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.visitors import VisitorStore
from tests.support.server.picture_house import PictureHouse
from tests.support.store.visitors import GAP
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
async def house(database: Database, clock: ManualClock) -> PictureHouse:
    """A door, and two people."""
    house = PictureHouse(database, clock)
    await house.open_door("ana", "ben")
    return house


async def test_an_erasure_removes_every_picture_that_may_show_the_person(house: PictureHouse) -> None:
    """Of their sightings and of faces nearly named as theirs; the receipt says how many, and nothing remains."""
    await house.seen("t1", ("ana", 0.5625), person_id="ana")
    await house.seen("t2", ("ben", 0.4375), ("ana", 0.40625), seconds=300)
    await house.seen("t3", ("ben", 0.4375), ("ana", 0.25), seconds=600)
    for track_id in ("t1", "t2", "t3"):
        assert await house.keep(track_id) is PictureOutcome.KEPT
    assert "review_pictures.person_id" in {each.place for each in await remains_of(house.database, "ana")}
    erasures = ErasureStore(house.database, house.clock)
    erasure = await erasures.begin("ana")
    await erasures.scrub(erasure)
    receipt = await erasures.finish(erasure.erasure_id)
    assert (receipt.counts["review_pictures"], receipt.sound) == (2, True)
    assert list(await remains_of(house.database, "ana")) == []
    assert await house.count() == 1
    # Those of their face that were on their way.
    assert [await house.keep(track_id, 0.9) for track_id in ("t1", "t2")] == [PictureOutcome.WITHHELD] * 2


async def test_a_forgotten_visitor_has_no_picture_of_any_visit(house: PictureHouse, clock: ManualClock) -> None:
    """One that is on its way is not stored either; whoever comes later is a stranger like any other."""
    for track_id, seconds in (("t1", 0.0), ("t2", 3600.0), ("t3", 7200.0)):
        await house.seen(track_id, seconds=seconds)
    clock.advance(7200)
    visitor_id = await house.visited("t1")
    assert await house.visited("t3", visitor_id) == visitor_id
    for track_id in ("t1", "t2"):
        await house.keep(track_id)
    visitors = VisitorStore(house.database, clock, visit_gap=GAP)
    forgotten = await visitors.forget([visitor_id])
    assert forgotten.counts["review_pictures"] == 1
    assert await house.keep("t3") is PictureOutcome.WITHHELD
    assert await house.keep("t2", quality=0.75) is PictureOutcome.KEPT
    # The same sighting may become a visitor's once more, who is forgotten as well.
    assert (await visitors.forget([await house.visited("t3")])).counts["visitors"] == 1


async def test_a_stranger_who_turned_out_to_be_the_person_is_erased_with_the_pictures(house: PictureHouse) -> None:
    """Also those of visits that nobody named."""
    await house.seen("t1")
    await house.seen("t2", seconds=3600)
    await house.visited("t2", await house.visited("t1"))
    for track_id in ("t1", "t2"):
        await house.keep(track_id)
    latest = (await SightingStore(house.database).list(SightingFilter(), 9))[0].sighting_id

    async def name(connection: AsyncConnection) -> None:
        own = schema.sightings.c.sighting_id == latest
        await connection.execute(update(schema.sightings).where(own).values(person_id="ana"))

    await house.database.run(name)
    erasure = await ErasureStore(house.database, house.clock).begin("ana")
    assert erasure.counts["review_pictures"] == 2


async def test_an_export_says_that_there_is_a_picture_and_shows_none(house: PictureHouse) -> None:
    """It may be somebody else's."""
    await house.seen("t1", ("ana", 0.4375))
    await house.keep("t1", 0.4375)
    records = await ExportStore(house.database).records("ana", 100)
    (record,) = [each for each in records if each.kind == "review_picture"]
    assert record.key == "t1"
    assert "sealed" not in record.json
    assert '"similarity": 0.4375' in record.json


async def test_old_visits_leave_no_note(house: PictureHouse, clock: ManualClock) -> None:
    """Only a picture of the last hour can still be on its way."""
    await house.seen("t1")
    visitor_id = await house.visited("t1")
    clock.advance(timedelta(hours=2).total_seconds())
    await VisitorStore(house.database, clock, visit_gap=GAP).forget([visitor_id])
    assert await house.keep("t1") is PictureOutcome.KEPT
