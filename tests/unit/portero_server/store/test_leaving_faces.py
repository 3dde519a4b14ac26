"""Faces that an engine has yet to remove, on both databases."""

from __future__ import annotations

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.people import FaceEnrollment, GalleryFace
from portero_server.domain.people.privacy import ErasedFace
from portero_server.store.database import Database
from portero_server.store.erasures import ErasureStore
from portero_server.store.known_people import known_people
from portero_server.store.leaving_faces import LeavingFaceStore, move_leaving
from portero_server.store.people import PeopleStore
from tests.support.store.commits import BOX, at
from tests.support.time.virtual_time import ManualClock


async def _with_faces(people: PeopleStore, person_id: str, *face_ids: str) -> None:
    await people.create(person_id, person_id.title(), {})
    for face_id in face_ids:
        quality = FaceQuality(1.0, 1.0, 1.0, 1.0)
        face = FaceEnrollment(face_id, person_id, BOX, quality, "rekognition", "7.0", None, f"x-{face_id}", at(0))
        await people.add_face(face)


async def test_a_deletion_lists_the_faces_that_the_engine_keeps(database: Database, people: PeopleStore) -> None:
    """One face or all of a person, without whose they were, until the engine has removed them."""
    leaving = LeavingFaceStore(database)
    await _with_faces(people, "ana", "f1", "f2", "f3")
    await people.delete_face("ana", "f1")
    assert await leaving.first("rekognition", 10) == [GalleryFace("f1", "", None, "x-f1")]
    await people.delete("ana")
    listed = await leaving.first("rekognition", 2)
    assert ([face.external_id for face in listed], await leaving.count()) == (["x-f1", "x-f2"], 3)
    assert await leaving.first("local", 10) == []
    await leaving.removed("local", listed)
    await leaving.removed("rekognition", listed)
    assert [face.external_id for face in await leaving.first("rekognition", 10)] == ["x-f3"]


async def test_faces_on_the_list_are_known(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """Those of deletions and those of erasures, among the ids asked for."""
    await _with_faces(people, "ana", "f1", "f2")
    await _with_faces(people, "ben", "f3")
    await people.delete_face("ana", "f1")
    await ErasureStore(database, clock).begin("ben")
    found = await database.run(
        lambda connection: known_people(connection, (), ["x-f1", "x-f2", "x-f3", "x-f4"], (), clock.now())
    )
    assert found.leaving == {"x-f1", "x-f3"}


async def test_an_erasure_takes_them_over(database: Database, people: PeopleStore, clock: ManualClock) -> None:
    """Also those of somebody who was merged into the person; those of others stay on the list."""
    leaving, erasures = LeavingFaceStore(database), ErasureStore(database, clock)
    for person_id, face_id in (("ana", "f1"), ("anna", "f2"), ("ben", "f3")):
        await _with_faces(people, person_id, face_id)
        await people.delete_face(person_id, face_id)
    await database.run(lambda connection: move_leaving(connection, "ana", "anna"))
    begun = await erasures.begin("ana")
    assert set(await erasures.faces_left(begun)) == {
        ErasedFace("f1", "rekognition", "x-f1"),
        ErasedFace("f2", "rekognition", "x-f2"),
    }
    assert [face.face_id for face in await leaving.first("rekognition", 10)] == ["f3"]
