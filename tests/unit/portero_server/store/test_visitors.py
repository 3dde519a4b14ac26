"""Visitors on both databases: whose a visit is, how it expires, and that nothing is left of the forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.people.privacy import Purpose
from portero_server.domain.people.visitors import VisitorOutcome
from portero_server.domain.recording.sightings import SightingEventKind
from portero_server.errors import FailedPrecondition, NotFound
from portero_server.privacy.retention import Retention
from portero_server.store.backup.decisions import decisions_of
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.holders import erase_again
from portero_server.store.people import PeopleStore
from portero_server.store.retention import RetentionStore
from portero_server.store.schema import visitor_encodings, visitor_visits, visitors
from portero_server.store.sightings import SightingFilter, SightingStore
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, StrangerVisit, VisitorStore
from portero_server.telemetry.metrics import Metrics
from tests.support.store.commits import at, decided
from tests.support.store.visitors import GAP, Strangers, face_at
from tests.support.time.virtual_time import ManualClock

DAY = 86_400.0
TABLES = (visitors, visitor_encodings, visitor_visits)


@pytest.fixture
def store(database: Database, clock: ManualClock) -> VisitorStore:
    """Visitors of the database, of each of whom two encodings are kept."""
    return VisitorStore(database, clock, most_encodings=2, visit_gap=GAP)


@pytest.fixture
def strangers(streams: StreamStore, recording: Recording) -> Strangers:
    """What commits strangers."""
    return Strangers(streams, recording)


async def _assigned(store: VisitorStore, visit: StrangerVisit, visitor_id: str | None, direction: int = 0) -> Assigned:
    """Stores whose visit it is, as of now."""
    position = (await store.known(visit, "m1")).position
    stored = await store.assign(visit, visitor_id, [face_at(direction)], "m1", position)
    assert isinstance(stored, Assigned)
    return stored


async def _rows(database: Database) -> dict[str, int]:
    async def unit(connection: AsyncConnection) -> dict[str, int]:
        return {
            table.name: (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            for table in TABLES
        }

    return await database.read(unit)


async def test_a_stranger_who_comes_again_is_one_visitor_with_visits_and_cameras(
    store: VisitorStore, strangers: Strangers, sightings: SightingStore
) -> None:
    """Sightings within the visit gap are one visit; each sighting carries visitor and visit."""
    first = await _assigned(store, await strangers.comes(store, "t1", 0), None)
    assert first.visit == 1
    again = await _assigned(store, await strangers.comes(store, "t2", 60, camera="desk"), first.visitor_id)
    later = await _assigned(store, await strangers.comes(store, "t3", DAY), first.visitor_id)
    assert (again.visit, later.visit) == (1, 2)
    visitor = await store.get(first.visitor_id)
    assert (visitor.visits, visitor.cameras, visitor.encodings) == (2, ("desk", "door"), 2)
    assert (visitor.first_seen, visitor.last_seen) == (at(0), at(DAY + 20))
    told = [(each.visitor_id, each.visit) for each in await sightings.list(SightingFilter(), 10)]
    assert told == [(first.visitor_id, 2), (first.visitor_id, 1), (first.visitor_id, 1)]


async def test_a_visitor_is_told_by_an_event_of_the_sighting(
    store: VisitorStore, strangers: Strangers, sightings: SightingStore
) -> None:
    """Watchers and the webhook get the sighting once more, REVISED, with its visitor."""
    visit = await strangers.comes(store, "t1", 0)
    assigned = await _assigned(store, visit, None)
    (event,) = await sightings.events_after(assigned.position - 1)
    assert (event.position, event.kind) == (assigned.position, SightingEventKind.REVISED)
    assert (event.sighting.visitor_id, event.sighting.visit) == (assigned.visitor_id, 1)
    assert (await sightings.get(visit.sighting_id)).visitor_id == assigned.visitor_id


async def test_a_decision_that_was_overtaken_is_not_written(store: VisitorStore, strangers: Strangers) -> None:
    """Two servers that both found nobody make one visitor: the second must look again."""
    one, other = await strangers.comes(store, "t1", 0), await strangers.comes(store, "t2", 600)
    position = (await store.known(one, "m1")).position
    assert isinstance(await store.assign(one, None, [face_at(0)], "m1", position), Assigned)
    assert await store.assign(other, None, [face_at(0)], "m1", position) is None
    known = await store.known(other, "m1")
    assert (known.count, known.encodings.shape) == (1, (1, 128))


async def test_only_encodings_of_the_site_and_the_model_are_compared(
    store: VisitorStore, strangers: Strangers, cameras: CameraStore
) -> None:
    """Visitors of another site, or of another model, are as good as none."""
    for camera_id, site in (("door", "north"), ("gate", "south")):
        await cameras.create(camera_id, display_name="", site=site)
    await _assigned(store, await strangers.comes(store, "t1", 0), None)
    assert (await store.known(await strangers.comes(store, "t2", 600), "m1")).count == 1
    assert (await store.known(await strangers.comes(store, "t3", 900), "m2")).count == 0
    assert (await store.known(await strangers.comes(store, "t4", 900, camera="gate"), "m1")).count == 0
    assert [each.site for each in await store.list(10, site="north")] == ["north"]
    assert await store.list(10, site="south") == []


async def test_whoever_is_seen_at_the_same_time_is_beside(store: VisitorStore, strangers: Strangers) -> None:
    """At the same camera only, and only while both are there."""
    own = await _assigned(store, await strangers.comes(store, "t1", 0), None)
    assert (await store.known(await strangers.comes(store, "t2", 10), "m1")).beside == {own.visitor_id}
    assert (await store.known(await strangers.comes(store, "t3", 10, camera="desk"), "m1")).beside == frozenset()
    assert (await store.known(await strangers.comes(store, "t4", 30), "m1")).beside == frozenset()


async def test_the_newest_encodings_are_kept(store: VisitorStore, strangers: Strangers) -> None:
    """A visitor has no more encodings than the limit, whatever the number of visits."""
    own = (await _assigned(store, await strangers.comes(store, "t0", 0), None, 0)).visitor_id
    for number in (1, 2):
        await _assigned(store, await strangers.comes(store, f"t{number}", number * DAY), own, number)
    known = await store.known(await strangers.comes(store, "t9", 9 * DAY), "m1")
    assert sorted(known.encodings.argmax(axis=1).tolist()) == [1, 2]


async def test_merged_visitors_are_one(store: VisitorStore, strangers: Strangers, database: Database) -> None:
    """Visits are counted anew in the order of the sightings, and the other id is gone."""
    one = (await _assigned(store, await strangers.comes(store, "t1", 0), None)).visitor_id
    other = (await _assigned(store, await strangers.comes(store, "t2", DAY), None)).visitor_id
    await _assigned(store, await strangers.comes(store, "t3", 2 * DAY), one)
    merged = await store.merge(one, other)
    assert (merged.visitor_id, merged.visits, merged.encodings) == (one, 3, 2)
    with pytest.raises(NotFound, match=other):
        await store.get(other)
    with pytest.raises(NotFound, match=other):
        await store.merge(one, other)
    assert (await _assigned(store, await strangers.comes(store, "t4", 3 * DAY), one)).visit == 4


async def test_visitors_of_two_sites_cannot_be_merged(
    store: VisitorStore, strangers: Strangers, cameras: CameraStore
) -> None:
    """A visitor is of one site."""
    await cameras.create("gate", display_name="", site="south")
    one = (await _assigned(store, await strangers.comes(store, "t1", 0), None)).visitor_id
    other = (await _assigned(store, await strangers.comes(store, "t2", 0, camera="gate"), None)).visitor_id
    with pytest.raises(FailedPrecondition, match="two sites"):
        await store.merge(one, other)


async def test_pages_of_visitors_leave_nobody_out(
    store: VisitorStore, strangers: Strangers, clock: ManualClock
) -> None:
    """The newest first, each once, also where two were made at the same moment."""
    made = []
    for number in range(5):
        made.append((await _assigned(store, await strangers.comes(store, f"t{number}", 600 * number), None)).visitor_id)
        clock.advance(number % 2)
    listed: list[str] = []
    after: Any = None
    while page := await store.list(2, after):
        listed += [each.visitor_id for each in page]
        after = (page[-1].created_at, page[-1].visitor_id)
    assert sorted(listed) == sorted(made)
    assert len(set(listed)) == 5


async def test_nothing_is_left_of_a_forgotten_visitor(
    store: VisitorStore, strangers: Strangers, database: Database, sightings: SightingStore
) -> None:
    """Encodings and visits go, sightings stay as a stranger's, and a search of every table finds nobody."""
    visit = await strangers.comes(store, "t1", 0)
    own = (await _assigned(store, visit, None)).visitor_id
    kept = (await _assigned(store, await strangers.comes(store, "t2", DAY), None, 1)).visitor_id
    assert set(await store.remains([own])) == {
        "visitor_encodings.visitor_id",
        "visitor_visits.visitor_id",
        "visitors.visitor_id",
    }
    forgotten = await store.forget([own, "nobody"])
    assert forgotten.visitor_ids == (own,)
    assert forgotten.counts == {
        "visitors": 1,
        "visitor_encodings": 1,
        "visitor_visits": 1,
        "review_pictures": 0,
        "snapshots": 0,
    }
    assert (forgotten.overwritten_at is not None) == (database.dialect == "sqlite")
    assert await store.remains([own]) == {}
    assert (await sightings.get(visit.sighting_id)).visitor_id is None
    assert [each.visitor_id for each in await store.list(10)] == [kept]
    assert (await store.forget([own])).visitor_ids == ()


async def test_a_restored_backup_loses_the_forgotten_and_the_merged_again(
    store: VisitorStore, strangers: Strangers, database: Database
) -> None:
    """Their ids are kept for that; they are random, and say nothing of anybody."""
    made = [
        (await _assigned(store, await strangers.comes(store, f"t{number}", 600.0 * number), None)).visitor_id
        for number in range(3)
    ]
    rows = [{"record_id": each, "erasure_id": "e", "erased_at": at(0)} for each in made[:2]]
    assert await database.run(lambda connection: erase_again(connection, rows)) == 2
    assert [each.visitor_id for each in await store.list(10)] == made[2:]
    assert (await _rows(database))["visitor_encodings"] == 1

    again = (await _assigned(store, await strangers.comes(store, "t5", DAY), None)).visitor_id
    await store.merge(again, made[2])
    await store.forget([again])
    told = await decisions_of(database)
    assert {*made, again} <= {row["record_id"] for row in told.records}


async def test_whoever_was_forgotten_amid_a_decision_does_not_come_back(
    store: VisitorStore, strangers: Strangers, database: Database
) -> None:
    """A visit that was compared before the erasure is not written as the visitor's."""
    own = (await _assigned(store, await strangers.comes(store, "t1", 0), None)).visitor_id
    visit = await strangers.comes(store, "t2", DAY)
    position = (await store.known(visit, "m1")).position
    await store.forget([own])
    assert await store.assign(visit, own, [face_at(0)], "m1", position) is None
    assert set((await _rows(database)).values()) == {0}


async def test_a_sighting_that_got_a_name_is_no_visitors(
    store: VisitorStore, strangers: Strangers, people: PeopleStore, sightings: SightingStore, database: Database
) -> None:
    """It is not assigned any more; and one that was, is told without the visitor, and cleared by retention."""
    await people.create("ana", "Ana", {})
    own = (await _assigned(store, visit := await strangers.comes(store, "t1", 0), None)).visitor_id
    await strangers.commit(decided("t1", "ana", 0, 30, revises=True))
    assert (await sightings.get(visit.sighting_id)).visitor_id is None
    assert (await store.get(own)).visits == 0
    position = (await store.known(visit, "m1")).position
    assert await store.assign(visit, None, [face_at(0)], "m1", position) is VisitorOutcome.NAMED
    await _retention(database, ManualClock(), days=30).round()
    assert set((await _rows(database)).values()) == {0}


async def test_an_erased_person_is_no_visitor_either(
    store: VisitorStore, strangers: Strangers, people: PeopleStore, database: Database, clock: ManualClock
) -> None:
    """Whoever was a stranger at first goes with the person, all visits and encodings, before the sightings lose it."""
    await people.create("ana", "Ana", {})
    own = (await _assigned(store, await strangers.comes(store, "t1", 0), None)).visitor_id
    await _assigned(store, await strangers.comes(store, "t2", DAY), own)
    kept = (await _assigned(store, await strangers.comes(store, "t3", 2 * DAY), None)).visitor_id
    await strangers.commit(decided("t2", "ana", DAY, DAY + 30, revises=True))
    erasures = ErasureStore(database, clock)
    erasure = await erasures.begin("ana")
    await erasures.scrub(erasure)
    assert (await erasures.get(erasure.erasure_id)).counts["visitors"] == 1
    assert [each.visitor_id for each in await store.list(10)] == [kept]
    assert await store.remains([own]) == {}


async def test_nothing_of_a_visit_outlives_its_days(
    store: VisitorStore, strangers: Strangers, database: Database, clock: ManualClock
) -> None:
    """A visitor who comes every day loses each visit after its days; one who does not is gone after the last."""
    own = (await _assigned(store, await strangers.comes(store, "t0", 0), None)).visitor_id
    retention = _retention(database, clock, days=7)
    for day in range(1, 21):
        clock.advance(DAY)
        if day <= 10:
            await _assigned(store, await strangers.comes(store, f"t{day}", day * DAY), own)
        await retention.round()
        rows = await _rows(database)
        # Visits of the last seven days, with that of today; no encoding is older.
        expected = max(0, min(day, 10) - max(0, day - 7) + 1)
        assert rows["visitor_visits"] == expected
        assert rows["visitors"] == (expected > 0)
        assert rows["visitor_encodings"] == min(2, expected)
    assert set((await _rows(database)).values()) == {0}


async def test_what_makes_known_goes_with_its_sighting(
    store: VisitorStore, strangers: Strangers, database: Database, clock: ManualClock
) -> None:
    """Where strangers' sightings are kept for a shorter time, visitors are too."""
    await _assigned(store, await strangers.comes(store, "t0", 0), None)
    clock.advance(3 * DAY)
    await _retention(database, clock, days=30, strangers=2).round()
    assert set((await _rows(database)).values()) == {0}


def _retention(database: Database, clock: ManualClock, *, days: int, strangers: int = 365) -> Retention:
    rules = {Purpose.STRANGERS: timedelta(days=strangers), Purpose.VISITORS: timedelta(days=days)}
    metrics = Metrics(version="0", engine="local").privacy
    return Retention(RetentionStore(database, clock), rules, clock, metrics, interval=60)
