"""What servers tell each other of the collection, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.people.collection import CollectionState, Known, StoredFace, judge
from portero_server.domain.people.people import FaceModel
from portero_server.store import collections as module
from portero_server.store.collections import CollectionStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock
from tests.unit.portero_server.store.test_people import face

MODEL = FaceModel("rekognition", "7.0")
MINUTE = timedelta(minutes=1)


async def test_one_server_claims_each_look(database: Database) -> None:
    """Of two servers one has the turn, the next turn comes after the spacing, and each collection has its own."""
    first, second = CollectionStore(database, "rekognition/a"), CollectionStore(database, "rekognition/a")
    assert [await store.claim(at(0), MINUTE) for store in (first, second)] == [True, False]
    assert await second.claim(at(59), MINUTE) is False
    assert await second.claim(at(60), MINUTE) is True
    assert await first.claim(at(60), MINUTE) is False
    assert await CollectionStore(database, "rekognition/b").claim(at(60), MINUTE) is True


async def test_a_claim_from_the_future_holds_nobody_up(database: Database) -> None:
    """A server whose clock was an hour ahead does not keep the others from looking."""
    store = CollectionStore(database, "rekognition/a")
    assert await store.claim(at(3600), MINUTE)
    assert await store.claim(at(0), MINUTE)


async def test_what_was_found_is_known_to_all_and_replaced(database: Database) -> None:
    """What one server stores the others read, unchanged by claims; a collection that was never compared has nothing."""
    store, other = CollectionStore(database, "rekognition/a"), CollectionStore(database, "rekognition/a")
    assert await other.known() is None
    await store.claim(at(0), MINUTE)
    assert await other.known() is None
    for truth in (
        judge(MODEL, stored=5, kept=None, missing=5),
        judge(MODEL, stored=5, kept=9, missing=1, foreign=2, others=3, other_models=4),
    ):
        known = Known(truth, at(7.25))
        await store.save(known)
        assert await other.claim(at(500), MINUTE) in (True, False)
        assert await other.known() == known
    assert known.truth.state is CollectionState.OTHER_MODEL


async def test_what_is_found_can_be_stored_before_any_claim(database: Database) -> None:
    """A comparison that somebody asked for is stored, whether a server has looked before or not."""
    store = CollectionStore(database, "rekognition/a")
    await store.save(Known(judge(MODEL, stored=0, kept=0), at(0)))
    assert (await store.known()) is not None


async def test_stored_faces_come_whole_with_their_models(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All faces of an engine are read, in chunks; those of other engines are not."""
    monkeypatch.setattr(module, "_CHUNK", 2)
    store = await _with_faces(database)
    found = [each async for each in store.faces("rekognition")]
    assert found == [
        StoredFace("ana-1", "ana", "7.0", "x1"),
        StoredFace("ana-2", "ana", "6.0", "x2"),
        StoredFace("ben-1", "ben", "6.0", "x3"),
        StoredFace("cho-1", "cho", "7.0", "x4"),
    ]
    assert [each async for each in store.faces("local")] == [StoredFace("dee-1", "dee", "m1", None)]


async def test_faces_of_people_whom_the_model_does_not_know_are_counted(database: Database) -> None:
    """Whoever has a face of the model in use is not counted, whatever else is stored of them."""
    store = await _with_faces(database)
    assert await store.count_stored(MODEL) == 2
    assert await store.count_other_models(MODEL) == 2
    assert await store.count_other_models(FaceModel("rekognition", "6.0")) == 2
    assert await store.count_other_models(FaceModel("local", "m1")) == 4


async def _with_faces(database: Database) -> CollectionStore:
    people = PeopleStore(database, ManualClock())
    for person_id in ("ana", "ben", "cho", "dee"):
        await people.create(person_id, person_id, {})
    for each, version, external_id in (
        (face("ana", 1), "7.0", "x1"),
        (face("ana", 2), "6.0", "x2"),
        (face("ben", 1), "6.0", "x3"),
        (face("cho", 1), "7.0", "x4"),
    ):
        await people.add_face(
            replace(each, engine="rekognition", model_version=version, external_id=external_id, embedding=None)
        )
    await people.add_face(face("dee", 1))
    return CollectionStore(database, "rekognition/a")
