"""Which collection is in use and which stands by, and the faces of the latter: on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.look_alikes import FacePair
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.domain.people.standby import (
    CollectionPlace,
    CollectionRole,
    GalleryCollection,
    Sides,
    StandbyCounts,
)
from portero_server.errors import FailedPrecondition, InvalidInput, NotFound
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.look_alikes import LookAlikeStore
from portero_server.store.people import PeopleStore
from portero_server.store.standby import StandbyStore
from tests.support.store.commits import BOX
from tests.support.time.virtual_time import ManualClock

_USED = FaceModel("rekognition", "7.0+dlib")
_CLOCK = ManualClock()


def _first() -> GalleryCollection:
    return GalleryCollection(
        CollectionPlace(1, "first"), CollectionRole.IN_USE, "7.0", datetime(2026, 1, 1, tzinfo=UTC)
    )


def _face(person_id: str, face_id: str, version: str = _USED.version) -> FaceEnrollment:
    quality = FaceQuality(1, 1, 1, 1)
    return FaceEnrollment(
        face_id, person_id, BOX, quality, "rekognition", version, b"\0" * 4, f"x-{face_id}", _CLOCK.now()
    )


async def _prepared(store: StandbyStore, name: str = "second") -> Sides:
    return await store.prepare(CollectionPlace(1, name), "7.0", _first())


def _version(sides: Sides) -> str:
    assert sides.standby is not None
    return f"{sides.standby.place.marked('7.0')}+dlib"


async def _with_people(database: Database) -> PeopleStore:
    people = PeopleStore(database, _CLOCK)
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id, {})
        await people.add_face(_face(person_id, f"a-{person_id}"))
    return people


async def test_nothing_is_stored_until_a_collection_is_prepared(database: Database) -> None:
    """A server that never had a second one uses that of its settings; repeating a preparation changes nothing."""
    store = StandbyStore(database, _CLOCK)
    assert await store.sides() is None
    made = await _prepared(store)
    assert made.in_use == _first()
    assert made.standby is not None
    assert (made.standby.role, made.standby.place.collection_id) == (CollectionRole.PREPARING, "second")
    assert made.standby.place.number > 1
    assert await _prepared(store) == made == await store.sides()


async def test_two_who_prepare_at_once_agree(database: Database) -> None:
    """One of two names wins, whichever server was faster, and the other is refused."""
    store = StandbyStore(database, _CLOCK)
    found = await asyncio.gather(_prepared(store, "b"), _prepared(store, "c"), return_exceptions=True)
    [refused] = [each for each in found if isinstance(each, FailedPrecondition)]
    [made] = [each for each in found if isinstance(each, Sides)]
    assert refused.reason == "STANDBY_EXISTS"
    assert await store.sides() == made


async def test_what_cannot_stand_by_is_refused(database: Database) -> None:
    """The collection in use; one made anew with another model; any while one is being dropped."""
    store = StandbyStore(database, _CLOCK)
    with pytest.raises(InvalidInput, match="the one in use"):
        await _prepared(store, "first")
    made = await _prepared(store)
    with pytest.raises(FailedPrecondition) as caught:
        await store.prepare(CollectionPlace(1, "second"), "8.0", _first())
    assert caught.value.reason == "STANDBY_OTHER_MODEL"
    assert made.standby is not None
    await store.begin_drop(made.standby.place.number)
    with pytest.raises(FailedPrecondition, match="being dropped"):
        await _prepared(store)


async def test_a_switch_exchanges_both_at_once(database: Database) -> None:
    """Only the one that was looked at; the way back is the same."""
    store = StandbyStore(database, _CLOCK)
    made = await _prepared(store)
    assert made.standby is not None
    number = made.standby.place.number
    with pytest.raises(FailedPrecondition) as caught:
        await store.switch(number + 1)
    assert caught.value.reason == "STANDBY_CHANGED"
    switched = await store.switch(number)
    assert (switched.in_use.place, switched.in_use.switched_at) == (made.standby.place, _CLOCK.now())
    assert switched == await store.sides()
    back = await store.switch(1)
    assert back.standby is not None
    assert (back.in_use.place.number, back.standby.role) == (1, CollectionRole.KEPT)


async def test_faces_are_counted_and_found_by_their_twins(database: Database) -> None:
    """A face knows what its photo taught the other collection, from either side of a switch."""
    store, people = StandbyStore(database, _CLOCK), await _with_people(database)
    sides = await _prepared(store)
    assert sides.standby is not None
    number = sides.standby.place.number
    assert await store.counts(_USED, number) == StandbyCounts(0, 0, 2, 2)
    beside = _face("ana", "b-ana", _version(sides))
    assert await store.add(beside, "a-ana") == beside
    assert await store.twins(["a-ana", "a-ben"], number) == {"a-ana": beside}
    assert await store.twins(["b-ana"], 1) == {"b-ana": await people.get_face("ana", "a-ana")}
    assert await store.twins([], number) == {}
    assert await store.counts(_USED, number) == StandbyCounts(1, 1, 1, 1)
    await people.add_face(_face("ana", "a-ana-2"))
    assert await store.counts(_USED, number) == StandbyCounts(1, 1, 2, 1)
    await store.switch(number)
    assert await store.counts(FaceModel("rekognition", _version(sides)), 1) == StandbyCounts(3, 2, 0, 0)


async def test_a_face_that_the_collection_lost_is_replaced(database: Database) -> None:
    """Under the same id, with the engine's new name for it."""
    store, _ = StandbyStore(database, _CLOCK), await _with_people(database)
    sides = await _prepared(store)
    first = await store.add(_face("ana", "b-ana", _version(sides)), "a-ana")
    again = replace(first, external_id="x-new")
    assert await store.add(again, "a-ana") == again
    assert await store.add(again, "a-ana") == again


async def test_nothing_is_added_for_who_went_meanwhile(database: Database) -> None:
    """Neither for a deleted face, nor an erased person, nor a collection that is being dropped."""
    store, people = StandbyStore(database, _CLOCK), await _with_people(database)
    sides = await _prepared(store)
    assert sides.standby is not None
    await people.delete_face("ana", "a-ana")
    with pytest.raises(NotFound):
        await store.add(_face("ana", "b-ana", _version(sides)), "a-ana")
    await store.begin_drop(sides.standby.place.number)
    with pytest.raises(FailedPrecondition) as caught:
        await store.add(_face("ben", "b-ben", _version(sides)), "a-ben")
    assert caught.value.reason == "STANDBY_DROPPED"
    await ErasureStore(database, _CLOCK).begin("ben")
    with pytest.raises(NotFound):
        await store.add(_face("ben", "b-ben", _version(sides)), "a-ben")


@pytest.mark.parametrize("which", ["a-ana", "b-ana"])
async def test_who_deletes_a_face_deletes_its_twin(database: Database, which: str) -> None:
    """Whichever of the two is named; both are told to whoever follows the gallery."""
    store, people = StandbyStore(database, _CLOCK), await _with_people(database)
    await store.add(_face("ana", "b-ana", _version(await _prepared(store))), "a-ana")
    position = await people.gallery_position()
    await people.delete_face("ana", which)
    assert await people.list_faces("ana", 10) == []
    assert {change.face.external_id for change in await people.gallery_changes(position)} == {"x-a-ana", "x-b-ana"}


async def test_an_erasure_counts_the_faces_that_stand_by(database: Database) -> None:
    """The receipt says how many, and the engine is to forget them too; without a second collection it says nothing."""
    store, erasures = StandbyStore(database, _CLOCK), ErasureStore(database, _CLOCK)
    await _with_people(database)
    alone = await erasures.begin("ben")
    assert "standby_faces" not in alone.counts
    await store.add(_face("ana", "b-ana", _version(await _prepared(store))), "a-ana")
    begun = await erasures.begin("ana")
    assert (begun.counts["faces"], begun.counts["standby_faces"]) == (2, 1)
    assert {face.external_id for face in await erasures.faces_left(begun)} == {"x-a-ana", "x-b-ana"}


async def test_people_who_look_alike_stay_known_when_a_collection_is_dropped(database: Database) -> None:
    """What was found by the faces that go is said of their twins; nothing else of the old collection is left."""
    store, pairs = StandbyStore(database, _CLOCK), LookAlikeStore(database, _CLOCK)
    people = await _with_people(database)
    await pairs.add([FacePair("ana", "ben", "a-ana", "a-ben", 0.9)])
    sides = await _prepared(store)
    assert sides.standby is not None
    for person_id in ("ana", "ben"):
        await store.add(_face(person_id, f"b-{person_id}", _version(sides)), f"a-{person_id}")
    await store.switch(sides.standby.place.number)
    await store.begin_drop(1)
    while await store.drop_faces(1, 1):
        pass
    await store.finish_drop(1)
    assert await pairs.confusable_with("ana", ["ben"]) == frozenset({"ben"})
    assert [face.face_id for face in await people.list_faces("ana", 10)] == ["b-ana"]
    after = await store.sides()
    assert after is not None
    assert (after.in_use.place.collection_id, after.standby) == ("second", None)
    # A number is never used again, though the name may be.
    again = await store.prepare(CollectionPlace(1, "first"), "7.0", _first())
    assert again.standby is not None
    assert again.standby.place.number > sides.standby.place.number
