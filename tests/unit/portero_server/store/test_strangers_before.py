"""What was seen before a stranger came, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portero_server.domain.events.alerts import SeenBefore
from portero_server.store.cameras import CameraStore
from portero_server.store.commit.recording import Recording
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.people import PeopleStore
from portero_server.store.sightings import SightingStore
from portero_server.store.strangers_before import StrangersBefore
from portero_server.store.streams import StreamStore
from portero_server.store.visitors import Assigned, VisitorStore
from tests.support.store.commits import at, decided
from tests.support.store.visitors import GAP, Strangers, face_at
from tests.support.time.virtual_time import ManualClock


@pytest.fixture
def strangers(streams: StreamStore, recording: Recording) -> Strangers:
    """Who comes to the cameras."""
    return Strangers(streams, recording)


@pytest.fixture
def visitors(database: Database, clock: ManualClock) -> VisitorStore:
    """Visitors of the database."""
    return VisitorStore(database, clock, visit_gap=GAP)


async def _before(database: Database, sightings: SightingStore, sighting_id: str) -> SeenBefore:
    return await StrangersBefore(database, timedelta(hours=1)).of(await sightings.get(sighting_id))


async def test_the_last_stranger_at_the_camera_counts(
    database: Database, sightings: SightingStore, people: PeopleStore, strangers: Strangers, visitors: VisitorStore
) -> None:
    """Not those of other cameras, of people with a name, of later, or of long ago."""
    await people.create("ana", "Ana", {})
    await strangers.comes(visitors, "old", -9000)
    first = await strangers.comes(visitors, "first", 0, lasts=20)
    await strangers.comes(visitors, "elsewhere", 100, camera="hall")
    await strangers.commit(decided("named", "ana", 150, 160))
    second = await strangers.comes(visitors, "second", 200)
    await strangers.comes(visitors, "later", 300)
    assert await _before(database, sightings, first.sighting_id) == SeenBefore()
    assert await _before(database, sightings, second.sighting_id) == SeenBefore(stranger=at(20))


async def test_a_visitor_was_seen_at_any_camera_of_the_site(
    database: Database,
    sightings: SightingStore,
    cameras: CameraStore,
    strangers: Strangers,
    visitors: VisitorStore,
) -> None:
    """However long ago; the site is that of the camera."""
    for camera in ("door", "hall"):
        await cameras.create(camera, display_name=camera, site="north")
    visitor_id, day = None, 86_400.0
    for number, camera in enumerate(("door", "hall", "door")):
        visit = await strangers.comes(visitors, f"t{number}", number * day, camera=camera, lasts=30)
        position = (await visitors.known(visit, "m1")).position
        stored = await visitors.assign(visit, visitor_id, [face_at(0)], "m1", position)
        assert isinstance(stored, Assigned)
        visitor_id = stored.visitor_id
    assert await _before(database, sightings, visit.sighting_id) == SeenBefore("north", visitor=at(day + 30))


async def test_of_strangers_who_come_at_once_one_is_the_first(
    database: Database, sightings: SightingStore, strangers: Strangers, visitors: VisitorStore
) -> None:
    """So that there is exactly one alert, and not none."""
    came = [await strangers.comes(visitors, track_id, 0, lasts=20) for track_id in ("t1", "t2", "t3")]
    first, *others = sorted(visit.sighting_id for visit in came)
    assert await _before(database, sightings, first) == SeenBefore()
    for sighting_id in others:
        assert await _before(database, sightings, sighting_id) == SeenBefore(stranger=at(20))


async def test_of_visits_that_begin_at_once_one_is_the_first(
    database: Database, sightings: SightingStore, strangers: Strangers, visitors: VisitorStore
) -> None:
    """Two cameras see a visitor in the same instant: the first visit is no return."""
    came = [await strangers.comes(visitors, f"t-{camera}", 0, camera=camera) for camera in ("door", "hall")]
    visitor_id = None
    for visit in came:
        stored = await visitors.assign(
            visit, visitor_id, [face_at(0)], "m1", (await visitors.known(visit, "m1")).position
        )
        assert isinstance(stored, Assigned)
        visitor_id = stored.visitor_id
    found = [await _before(database, sightings, each) for each in sorted(visit.sighting_id for visit in came)]
    assert [each.visitor is None for each in found] == [True, False]


async def test_an_erased_person_is_no_stranger_seen_before(
    database: Database, sightings: SightingStore, people: PeopleStore, strangers: Strangers, visitors: VisitorStore
) -> None:
    """Else an erasure would keep an unknown person from being told of."""
    await people.create("ana", "Ana", {})
    await strangers.commit(decided("named", "ana", 0, 20))
    later = await strangers.comes(visitors, "later", 200)
    erasures = ErasureStore(database, ManualClock())
    await erasures.scrub(await erasures.begin("ana"))
    assert await _before(database, sightings, later.sighting_id) == SeenBefore()
