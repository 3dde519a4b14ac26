"""People, faces, and the gallery as other processes follow it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.detection.geometry import Box
from portero_server.domain.people.people import FaceEnrollment, FaceModel
from portero_server.engines.base import GalleryFace
from portero_server.errors import AlreadyExists, InvalidInput, NotFound
from portero_server.store import people as people_module
from portero_server.store.consents import ConsentStore
from portero_server.store.database import Database
from portero_server.store.face_cursors import face_cursor
from portero_server.store.people import PeopleStore
from tests.support.store.commits import at
from tests.support.time.virtual_time import ManualClock


def face(person_id: str, number: int, *, model: str = "m1", seconds: float | None = None) -> FaceEnrollment:
    """Returns a face of a person, learned so many seconds after eight."""
    return FaceEnrollment(
        face_id=f"{person_id}-{number}",
        person_id=person_id,
        box=Box(0.1, 0.2, 0.3, 0.4),
        quality=FaceQuality(0.5, 0.6, 0.7, 0.8),
        engine="local",
        model_version=model,
        embedding=bytes(range(256)) * 2,
        external_id=None,
        created_at=at(number if seconds is None else seconds),
    )


def gallery_face(enrolled: FaceEnrollment) -> GalleryFace:
    """Returns a face as engines get it."""
    return GalleryFace(enrolled.face_id, enrolled.person_id, enrolled.embedding, enrolled.external_id)


async def test_gives_back_a_person(people: PeopleStore) -> None:
    """A person read is the person created: name of any script, and labels."""
    created = await people.create("ana", "Ana Núñez 👋", {"room": "12'\\", "class": ""})
    assert await people.get("ana") == created
    assert created.labels == {"room": "12'\\", "class": ""}


async def test_refuses_a_taken_id(people: PeopleStore) -> None:
    """A second person of the same id is refused, with or without a request id."""
    await people.create("ana", "Ana", {})
    for request_id in (None, "r1"):
        with pytest.raises(AlreadyExists, match="people/ana"):
            await people.create("ana", "Other", {}, request_id)
    assert (await people.create("ben", "Ben", {}, "r1")).person_id == "ben"


async def test_a_repeated_request_gives_the_first_answer(people: PeopleStore, clock: ManualClock) -> None:
    """The same request id within a day gives the first person, even under a newly made-up id."""
    first = await people.create("made-up-1", "Ana", {"a": "b"}, "r1")
    assert await people.create("made-up-2", "Ana", {"a": "b"}, "r1") == first
    assert [person.person_id for person in await people.list(10)] == ["made-up-1"]
    clock.advance(86_401)
    assert (await people.create("made-up-3", "Ana", {}, "r1")).person_id == "made-up-3"


async def test_another_request_of_the_same_id_is_refused(people: PeopleStore, clock: ManualClock) -> None:
    """Another digest under a request id is refused for a day; what an older server stored has none, and is repeated."""
    first = await people.create("ana", "Ana", {}, "r1", "digest of Ana")
    with pytest.raises(InvalidInput, match="request_id was used before"):
        await people.create("ben", "Ben", {}, "r1", "digest of Ben")
    assert await people.create("ana", "Ana", {}, "r1", "digest of Ana") == first
    assert await people.list(10) == [first]
    clock.advance(86_401)
    assert (await people.create("ben", "Ben", {}, "r1", "digest of Ben")).person_id == "ben"
    old = await people.create("old", "Old", {}, "r2")
    assert await people.create("new", "New", {}, "r2", "digest of New") == old


async def test_requests_at_the_same_moment_make_one_person(people: PeopleStore) -> None:
    """Of many simultaneous requests with one id, one creates and all get its answer."""
    answers = await asyncio.gather(*(people.create(f"made-up-{n}", "Ana", {}, "r1") for n in range(4)))
    assert len({answer.person_id for answer in answers}) == 1
    assert len(await people.list(10)) == 1


async def test_a_late_repetition_brings_nobody_back(people: PeopleStore) -> None:
    """Repeating the request of a person deleted since does not create them again."""
    await people.create("ana", "Ana", {}, "r1")
    await people.delete("ana")
    with pytest.raises(NotFound, match="people/ana"):
        await people.create("ana", "Ana", {}, "r1")


async def test_lists_in_pages(people: PeopleStore) -> None:
    """Pages follow each other by id and count faces."""
    for person_id in ("c", "a", "b"):
        await people.create(person_id, person_id.upper(), {})
    await people.add_face(face("b", 1))
    assert [person.person_id for person in await people.list(2)] == ["a", "b"]
    assert [person.person_id for person in await people.list(2, after_id="b")] == ["c"]
    assert [person.face_count for person in await people.list(10)] == [0, 1, 0]


@pytest.mark.parametrize(
    ("wanted", "found"), [("NÚÑ", ["ana"]), ("ß", ["strasse"]), ("%", ["percent"]), ("_", []), ("", None)]
)
async def test_finds_part_of_a_name(wanted: str, found: list[str] | None, people: PeopleStore) -> None:
    """Part of a display name is found whatever the case, and taken literally."""
    names = {"ana": "Ana Núñez", "strasse": "STRASSE", "percent": "100%"}
    for person_id, name in names.items():
        await people.create(person_id, name, {})
    listed = [person.person_id for person in await people.list(10, display_name_contains=wanted)]
    assert listed == (sorted(names) if found is None else found)


async def test_changes_what_is_given(people: PeopleStore, clock: ManualClock) -> None:
    """An update changes name or labels, is found under the new name and tells the time."""
    await people.create("ana", "Ana", {"a": "b"})
    clock.advance(5)
    changed = await people.update("ana", display_name="Anna")
    assert (changed.display_name, changed.labels, changed.updated_at) == ("Anna", {"a": "b"}, clock.now())
    assert (await people.update("ana", labels={})).labels == {}
    assert len(await people.list(10, display_name_contains="anna")) == 1
    assert await people.display_names(["ana", "nobody"]) == {"ana": "Anna"}
    assert await people.display_names([]) == {}


async def test_what_is_gone_is_gone(people: PeopleStore) -> None:
    """A deleted person takes the faces along, gives them back for engines, and can do nothing more."""
    await people.create("ana", "Ana", {})
    enrolled = [await people.add_face(face("ana", number)) for number in range(3)]
    assert await people.delete("ana") == [gallery_face(one) for one in enrolled]
    for call in (
        people.get("ana"),
        people.update("ana", "x"),
        people.delete("ana"),
        people.add_face(face("ana", 9)),
        people.list_faces("ana", 10),
        people.get_face("ana", "ana-1"),
        people.delete_face("ana", "ana-1"),
    ):
        with pytest.raises(NotFound, match="people/ana"):
            await call


async def test_a_face_is_stored_once(people: PeopleStore) -> None:
    """The same face again gives what is stored and tells nobody of a change."""
    await people.create("ana", "Ana", {})
    first = await people.add_face(face("ana", 1))
    again = await people.add_face(replace(first, model_version="m2", created_at=at(50)))
    assert again == first == await people.get_face("ana", "ana-1")
    assert await people.gallery_position() == 1


async def test_lists_faces_oldest_first(people: PeopleStore) -> None:
    """Faces come oldest first, and a page follows another even when its last face was deleted."""
    await people.create("ana", "Ana", {})
    for number, seconds in ((1, 30), (2, 10), (3, 20), (4, 20)):
        await people.add_face(face("ana", number, seconds=seconds))
    page = await people.list_faces("ana", 2)
    assert [one.face_id for one in page] == ["ana-2", "ana-3"]
    assert await people.delete_face("ana", "ana-3") == gallery_face(page[-1])
    rest = await people.list_faces("ana", 2, after=face_cursor(page[-1]))
    assert [one.face_id for one in rest] == ["ana-4", "ana-1"]
    for wrong in ("nonsense", "2026-03-02T08:00:00/x"):
        with pytest.raises(InvalidInput, match="page_token"):
            await people.list_faces("ana", 2, after=wrong)


async def test_gives_the_gallery_of_a_model(people: PeopleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gallery holds every face of one model and no other, across chunks."""
    monkeypatch.setattr(people_module, "_GALLERY_CHUNK", 2)
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id, {})
    added = [await people.add_face(face(person, number)) for number in range(2) for person in ("ana", "ben")]
    await people.add_face(face("ana", 9, model="m2"))
    found = [one async for one in people.gallery("local", "m1")]
    assert found == sorted((gallery_face(one) for one in added), key=lambda one: one.face_id)


async def test_other_processes_follow_the_gallery(people: PeopleStore) -> None:
    """Changes come in order, additions with their embedding; what has gone again is not added."""
    await people.create("ana", "Ana", {})
    first, second = [await people.add_face(face("ana", number)) for number in (1, 2)]
    position = await people.gallery_position()
    changes = await people.gallery_changes(0)
    assert [(change.added, change.face) for change in changes] == [
        (True, gallery_face(first)),
        (True, gallery_face(second)),
    ]
    assert [change.position for change in changes] == [1, 2]
    await people.delete_face("ana", "ana-1")
    (gone,) = await people.gallery_changes(position)
    assert (gone.added, gone.face) == (False, replace(gallery_face(first), embedding=None))
    assert [change.position for change in await people.gallery_changes(0)] == [2, 3]
    assert len(await people.gallery_changes(0, limit=1)) == 1


async def test_faces_are_counted_by_model(people: PeopleStore) -> None:
    """Each model that has faces comes with their number, and without faces there is none."""
    assert await people.count_faces() == {}
    await people.create("ana", "Ana", {})
    await people.create("ben", "Ben", {})
    for each in (face("ana", 1), face("ana", 2, model="m2"), face("ben", 1)):
        await people.add_face(each)
    assert await people.count_faces() == {FaceModel("local", "m1"): 2, FaceModel("local", "m2"): 1}


async def test_people_whom_a_model_does_not_know_are_listed(people: PeopleStore) -> None:
    """Whoever has faces, and none of that engine's model, comes in pages by id; without faces nobody is outdated."""
    for person_id in ("ana", "ben", "cho", "dee"):
        await people.create(person_id, person_id, {})
    for each in (face("ana", 1), face("ana", 2, model="m2"), face("ben", 1), face("dee", 1)):
        await people.add_face(each)
    assert await people.outdated(FaceModel("local", "m2"), 10) == ["ben", "dee"]
    assert await people.outdated(FaceModel("local", "m2"), 1) == ["ben"]
    assert await people.outdated(FaceModel("local", "m2"), 10, "ben") == ["dee"]
    assert await people.outdated(FaceModel("local", "m1"), 10) == []
    assert await people.outdated(FaceModel("rekognition", "m1"), 10) == ["ana", "ben", "dee"]


async def test_people_come_with_their_faces(people: PeopleStore) -> None:
    """Pages of people by id hold all faces of each, oldest first; who has none is there as well."""
    for person_id in ("ana", "ben", "cho"):
        await people.create(person_id, person_id, {})
    enrolled = [face("ana", 2), face("ana", 1), face("cho", 1, model="m2")]
    for each in enrolled:
        await people.add_face(each)
    first = await people.enrolled(2)
    assert [(person.person_id, person.face_count) for person, _ in first] == [("ana", 2), ("ben", 0)]
    assert [list(faces) for _, faces in first] == [[enrolled[1], enrolled[0]], []]
    [(last, faces)] = await people.enrolled(2, "ben")
    assert (last.person_id, list(faces)) == ("cho", [enrolled[2]])
    assert await people.enrolled(2, "cho") == []


async def test_who_is_not_recognized_is_told(people: PeopleStore, database: Database, clock: ManualClock) -> None:
    """A person read says whether they are blocked, and whether a consent that they need is missing."""
    store = ConsentStore(database, clock)
    for person_id in ("ana", "ben"):
        await people.create(person_id, person_id, {})
    await store.block("ana", "asked for it")
    ana, ben = await people.list(10)
    assert (ana.blocked, ana.without_consent, ben.blocked, ben.without_consent) == (True, False, False, False)
    await store.unblock("ana")
    assert not (await people.get("ana")).blocked
    strict = PeopleStore(database, clock, consent_required=True)
    assert (await strict.get("ben")).without_consent
    assert (await strict.create("cho", "Cho", {})).without_consent
