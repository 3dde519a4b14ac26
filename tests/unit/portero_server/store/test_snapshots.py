"""Rows of snapshots, on both databases: after their sighting alone, and gone with whatever forbids them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.photos import SETTLES_AFTER
from portero_server.domain.people.privacy import Consent, Purpose
from portero_server.domain.recording.review_pictures import PictureOutcome, PictureRank
from portero_server.domain.recording.snapshots import Snapshot, SnapshotKind, SnapshotRules
from portero_server.store import schema
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.store.retention import RetentionStore
from portero_server.store.snapshots import SnapshotStore
from portero_server.store.visitors import VisitorStore
from tests.support.server.snapshot_house import EVERYWHERE, SPAN, SnapshotHouse
from tests.support.store.commits import at
from tests.support.store.visitors import GAP
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
async def house(database: Database, clock: ManualClock, tmp_path: Path) -> SnapshotHouse:
    """A door in the shop, and two people."""
    house = SnapshotHouse(database, clock, tmp_path / "snapshots")
    await house.seen_by.open_door("ana", "ben", site="shop")
    return house


def _made(track_id: str, name: str = "a", quality: float = 0.5, *, seconds: float = 0) -> list[Snapshot]:
    return [
        Snapshot(f"{name}{number}" * 16, track_id, "door", kind, PictureRank(0.0, quality), at(seconds), 9)
        for number, kind in enumerate(SnapshotKind)
    ]


async def _keep(store: SnapshotStore, made: list[Snapshot]) -> PictureOutcome:
    return await store.begin(made) or await store.complete(made)


async def _states(house: SnapshotHouse) -> list[str]:
    async def unit(connection: AsyncConnection) -> list[str]:
        return sorted(await connection.scalars(select(schema.snapshots.c.state)))

    return await house.database.read(unit)


async def _execute(house: SnapshotHouse, statement: Executable) -> None:
    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(statement)

    await house.database.run(unit)


async def test_rows_come_after_the_sighting_and_say_what_is_shown(house: SnapshotHouse) -> None:
    """Before its commit nothing may be written; until its objects are there nothing is shown."""
    made = _made("t1")
    assert await house.store.refusal("t1") is PictureOutcome.UNSTORED
    assert await house.store.begin(made) is PictureOutcome.UNSTORED
    await house.seen_by.seen("t1", person_id="ana")
    assert await house.store.refusal("t1") is None
    assert await house.store.begin(made) is None
    assert await house.store.shown(await house.sighting()) == ()
    assert await house.store.complete(made) is PictureOutcome.KEPT
    kept = [replace(each, created_at=house.clock.now()) for each in made]
    assert list(await house.store.shown(await house.sighting())) == kept
    held = await house.store.held()
    assert (held.count, held.size, held.leaving) == (2, 18, 0)
    assert await house.store.known([made[0].snapshot_id, "0" * 32]) == {made[0].snapshot_id}


async def test_a_sighting_keeps_the_best_alone(house: SnapshotHouse) -> None:
    """A poorer one is not begun; a better one lets the one before go."""
    for track_id, seconds in (("t1", 0), ("t2", 10)):
        await house.seen_by.seen(track_id, person_id="ana", seconds=seconds)
    assert await _keep(house.store, _made("t1", "a")) is PictureOutcome.KEPT
    assert await house.store.begin(_made("t2", "b")) is PictureOutcome.POORER
    better = _made("t2", "c", 0.75)
    assert await _keep(house.store, better) is PictureOutcome.KEPT
    assert [each.snapshot_id for each in await house.store.shown(await house.sighting())] == ["c0" * 16, "c1" * 16]
    assert await house.store.due(9) == ["a0" * 16, "a1" * 16]
    await house.store.forget(["a0" * 16, "a1" * 16])
    assert await house.store.due(9) == []


async def test_no_more_are_kept_than_may_be(database: Database, clock: ManualClock, tmp_path: Path) -> None:
    """Those that are being deleted count, since they are still there."""
    house = SnapshotHouse(database, clock, tmp_path / "snapshots", most=3)
    await house.seen_by.open_door("ana")
    await house.seen_by.seen("t1", person_id="ana")
    await house.seen_by.seen("t2", seconds=300)
    assert await _keep(house.store, _made("t1")) is PictureOutcome.KEPT
    await house.store.withhold(["t1"])
    assert await house.store.begin(_made("t2", "b")) is PictureOutcome.FULL


@pytest.mark.parametrize("change", ["block", "withdraw", "delete", "erase"])
async def test_whoever_may_not_be_shown_any_more_is_not(house: SnapshotHouse, change: str) -> None:
    """Also while the object is being written, and with whoever was before the camera at the time."""
    database, clock = house.database, house.clock
    consents = ConsentStore(database, clock)
    if change == "withdraw":
        consent = Consent("c1", "ana", "attendance", "v1", "paper", "", at(-9), at(-9))
        await consents.record(consent)
    await house.seen_by.seen("t1", person_id="ana", seconds=0)
    await house.seen_by.seen("t2", person_id="ben", seconds=0)
    await house.seen_by.seen("t3", person_id="ben", seconds=900)
    # Of Ana; of Ben, with whom she was at the door; and of Ben alone.
    for track_id, name, seconds in (("t1", "a", 0), ("t2", "b", 0), ("t3", "c", 900)):
        assert await _keep(house.store, _made(track_id, name, seconds=seconds)) is PictureOutcome.KEPT
    writing = _made("t1", "d", 0.75)
    assert await house.store.begin(writing) is None
    match change:
        case "block":
            await consents.block("ana", "asked")
        case "withdraw":
            await consents.withdraw("ana", "c1")
        case "delete":
            await PeopleStore(database, clock).delete("ana")
        case _:
            receipt = await ErasureStore(database, clock).begin("ana")
            assert receipt.counts["snapshots"] == 6
    assert await house.store.complete(writing) is PictureOutcome.WITHHELD
    assert await house.store.due(9) == [f"{name}{number}" * 16 for name in "ab" for number in "01"]
    assert (await house.store.held()).count == 2


async def test_a_forgotten_visitor_is_not_shown(house: SnapshotHouse) -> None:
    """Those of all visits go, and one that is on its way is not written; other strangers keep theirs."""
    for track_id, seconds in (("t1", 0.0), ("t2", 3600.0), ("t3", 7200.0)):
        await house.seen_by.seen(track_id, seconds=seconds)
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(7200)
    visitor_id = await house.seen_by.visited("t1")
    assert await house.seen_by.visited("t3", visitor_id) == visitor_id
    for track_id, name in (("t1", "a"), ("t2", "b")):
        assert await _keep(house.store, _made(track_id, name)) is PictureOutcome.KEPT
    forgotten = await VisitorStore(house.database, house.clock, visit_gap=GAP).forget([visitor_id])
    assert forgotten.counts["snapshots"] == 2
    assert await house.store.due(9) == ["a0" * 16, "a1" * 16]
    assert await house.store.begin(_made("t3", "c")) is PictureOutcome.WITHHELD


async def test_a_receipt_waits_until_the_files_are_gone(house: SnapshotHouse) -> None:
    """Those that were taken after the erasure was asked for are somebody else's."""
    await house.seen_by.seen("t1", person_id="ana")
    await house.seen_by.seen("t2", person_id="ben", seconds=900)
    assert await _keep(house.store, _made("t1")) is PictureOutcome.KEPT
    erasures = ErasureStore(house.database, house.clock)
    begun = await erasures.begin("ana")
    await erasures.scrub(begun)
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(1)
    assert await _keep(house.store, _made("t2", "b", seconds=900)) is PictureOutcome.KEPT
    await house.store.withhold(["t2"])
    assert (await erasures.snapshots_left(begun), (await erasures.finish(begun.erasure_id)).finished_at) == (True, None)
    await house.store.forget(["a0" * 16, "a1" * 16])
    assert (await erasures.finish(begun.erasure_id)).sound


async def test_a_purpose_is_asked_for_and_its_end_noticed(house: SnapshotHouse) -> None:
    """A consent for something else is none; one that has expired hides the picture, and then deletes it."""
    asking = house.under(replace(EVERYWHERE, purpose="security"))
    consents = ConsentStore(house.database, house.clock)
    await house.seen_by.seen("t1", person_id="ana")
    await consents.record(Consent("c1", "ana", "attendance", "v1", "paper", "", at(-9), at(-9)))
    assert await asking.store.refusal("t1") is PictureOutcome.FORBIDDEN
    expires = house.clock.now() + timedelta(hours=1)
    await consents.record(Consent("c2", "ana", "security", "v1", "paper", "", at(-9), at(-9), expires))
    assert await _keep(asking.store, _made("t1")) is PictureOutcome.KEPT
    assert len(await asking.store.shown(await house.sighting())) == 2
    assert await asking.store.disallowed(1) == (0, "a0" * 16)
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(3601)
    assert await asking.store.shown(await house.sighting()) == ()
    assert await asking.store.disallowed(1) == (1, "a0" * 16)
    assert await asking.store.disallowed(9, "a0" * 16) == (1, "")
    assert await _states(house) == ["deleting", "deleting"]


async def test_sites_are_those_of_the_cameras_now(house: SnapshotHouse) -> None:
    """A camera that moves to another site shows nothing any more."""
    shop = house.under(SnapshotRules(sites=frozenset({"shop"})))
    await house.seen_by.seen("t1")
    assert await _keep(shop.store, _made("t1")) is PictureOutcome.KEPT
    await _execute(house, update(schema.cameras).values(site="clinic"))
    assert await shop.store.shown(await house.sighting()) == ()
    assert await shop.store.refusal("t1") is PictureOutcome.FORBIDDEN


async def test_what_was_never_finished_or_has_no_sighting_expires(house: SnapshotHouse) -> None:
    """A row that a killed server left is due when nobody can be writing its object any more."""
    await house.seen_by.seen("t1", person_id="ana")
    await house.seen_by.seen("t2", person_id="ana", seconds=900)
    assert await _keep(house.store, _made("t1")) is PictureOutcome.KEPT
    assert await house.store.begin(_made("t2", "b")) is None
    assert (await house.store.expire(9), await house.store.due(9)) == (0, [])
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(SETTLES_AFTER.total_seconds())
    assert (await house.store.expire(9), await house.store.due(9)) == (2, ["b0" * 16, "b1" * 16])
    # As a server of the release before removes a sighting.
    await _execute(house, delete(schema.sighting_tracks).where(schema.sighting_tracks.c.track_id == "t1"))
    assert await house.store.expire(1) == 1
    assert await house.store.expire(9) == 1
    assert len(await house.store.due(9)) == 4


async def test_retention_marks_what_is_old(house: SnapshotHouse) -> None:
    """What is over its time is not shown, whether or not it was marked."""
    await house.seen_by.seen("t1", person_id="ana")
    assert await _keep(house.store, _made("t1")) is PictureOutcome.KEPT
    retention = RetentionStore(house.database, house.clock)
    assert isinstance(house.clock, ManualClock)
    house.clock.advance(SPAN.total_seconds() + 1)
    assert await house.store.shown(await house.sighting()) == ()
    before = house.clock.now() - SPAN
    assert await retention.oldest(Purpose.SNAPSHOTS, before) is not None
    assert await retention.remove_some(Purpose.SNAPSHOTS, 0, before) == (2, False)
    assert len(await house.store.due(9)) == 2
