"""Faces of the collection stored as those of people, on both databases."""

from __future__ import annotations

from dataclasses import replace

from portero_server.domain.people.adoption import AdoptionOutcome
from portero_server.domain.people.collection import KeptFace
from portero_server.domain.people.people import FaceModel, GalleryFace
from portero_server.store.adopted_faces import AdoptedFaceStore
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.people import PeopleStore
from tests.support.server.photo_vault import keeping
from tests.support.time.virtual_time import ManualClock

_MODEL = FaceModel("rekognition", "7.0")


def _kept(count: int) -> dict[str, KeptFace]:
    ids = [f"c0ffee00-0000-4000-8000-{number:012}" for number in range(count)]
    return {face_id: KeptFace(face_id, f"Núñez.{number // 3}") for number, face_id in enumerate(ids)}


async def test_a_whole_page_is_stored_once(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """A thousand faces are one transaction, others follow by the change log, and a repetition adds nothing."""
    store, kept = AdoptedFaceStore(database, clock), _kept(1000)
    outcomes = await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False)
    assert {each.outcome for each in outcomes} == {AdoptionOutcome.ADOPTED}
    assert sum(each.created for each in outcomes) == len(await people.list(1000)) == 334
    stored = [face async for face in people.gallery("rekognition", "7.0")]
    owners = {each.face_id: each.person_id for each in outcomes}
    assert stored == [GalleryFace(face_id, owners[face_id], None, face_id) for face_id in sorted(kept)]
    changes = await people.gallery_changes(0, 2000)
    assert [change.face for change in changes] == [GalleryFace(each, owners[each], None, each) for each in kept]
    again = await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False)
    assert {each.outcome for each in again} == {AdoptionOutcome.KNOWN}
    assert {each.face_id: each.person_id for each in again} == owners
    assert await people.gallery_position() == len(changes)


async def test_a_dry_run_says_the_same_and_stores_nothing(
    database: Database, people: PeopleStore, clock: ManualClock
) -> None:
    """Neither people nor faces nor changes."""
    store, kept = AdoptedFaceStore(database, clock), _kept(4)
    dry = await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=True)
    assert (await people.list(10), await people.gallery_position()) == ([], 0)
    assert await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False) == dry


async def test_faces_follow_the_consent(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """Where one is required the person comes first, and the faces with the next try after it."""
    store, kept = AdoptedFaceStore(database, clock, consent_required=True), _kept(2)
    first = await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False)
    assert [each.reason for each in first] == ["CONSENT_MISSING"] * 2
    [person] = await people.list(10)
    assert (person.face_count, person.labels) == (0, {"external-image-id": "Núñez.0"})
    await ConsentStore(database, clock).record(replace(keeping(person.person_id, clock), purpose="entry"))
    then = await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False)
    assert [(each.reason, each.created) for each in then] == [("", False)] * 2
    assert (await people.get(person.person_id)).face_count == 2


async def test_faces_follow_the_model_in_use(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """Adopted again under another encoder's version they get it, and servers that search by it learn of them."""
    store, kept = AdoptedFaceStore(database, clock), _kept(2)
    await store.adopt(list(kept), kept, _MODEL, unnamed=False, dry_run=False)
    position, other = await people.gallery_position(), FaceModel("rekognition", "7.0+dlib")
    await store.adopt(list(kept), kept, other, unnamed=False, dry_run=True)
    assert [face async for face in people.gallery("rekognition", "7.0+dlib")] == []
    again = await store.adopt(list(kept), kept, other, unnamed=False, dry_run=False)
    assert {each.outcome for each in again} == {AdoptionOutcome.KNOWN}
    assert [face.face_id async for face in people.gallery("rekognition", "7.0+dlib")] == list(kept)
    changes = await people.gallery_changes(position)
    assert [(change.added, change.model_version) for change in changes] == [(True, "7.0+dlib")] * 2
    assert await people.count_faces() == {other: 2}
