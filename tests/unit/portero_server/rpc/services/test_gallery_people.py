"""The people of GalleryService, over a real connection and a real database."""

from __future__ import annotations

from uuid import uuid4

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from portero.v1 import gallery_service_pb2 as pb

from portero_server.errors import EngineUnavailable
from tests.support.images.patch_photos import ANA, BOB, photo
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House

_CODE = grpc.StatusCode


async def _create(house: House, person_id: str = "ana", display_name: str = "Ana", **more: str) -> pb.Person:
    request = pb.CreatePersonRequest(person_id=person_id, person=pb.Person(display_name=display_name), **more)
    return (await house.gallery.CreatePerson(request)).person


async def test_person_is_created_and_given(house: House) -> None:
    """A created person has a name, times, and can be got."""
    request = pb.CreatePersonRequest(
        person_id="ana", person=pb.Person(name="people/ignored", display_name=" Ana ", labels={"room": "12"})
    )
    created = (await house.gallery.CreatePerson(request)).person
    assert (created.name, created.display_name, dict(created.labels)) == ("people/ana", "Ana", {"room": "12"})
    assert created.create_time.ToDatetime() == house.clock.now().replace(tzinfo=None)
    assert (await house.gallery.GetPerson(pb.GetPersonRequest(name="people/ana"))).person == created


async def test_person_without_an_id_gets_one(house: House) -> None:
    """An empty person_id is made up, and differs from one person to the next."""
    first, second = await _create(house, ""), await _create(house, "")
    assert first.name != second.name
    assert (await house.gallery.GetPerson(pb.GetPersonRequest(name=first.name))).person == first


async def test_taken_id_isrefused(house: House) -> None:
    """A person_id in use gives ALREADY_EXISTS with the resource."""
    await _create(house)
    refusal = await refused(_create(house))
    assert (refusal.code, refusal.resource) == (_CODE.ALREADY_EXISTS, ("portero.v1.Person", "people/ana"))


async def test_repeated_request_gives_the_first_answer(house: House) -> None:
    """The same request_id creates nobody twice, in whatever spelling of the UUID."""
    request_id = str(uuid4())
    first = await _create(house, "", request_id=request_id)
    assert await _create(house, "", request_id=request_id) == first
    assert await _create(house, "", request_id=request_id.upper()) == first
    assert len((await house.gallery.ListPeople(pb.ListPeopleRequest())).people) == 1


@pytest.mark.parametrize(
    "other",
    [
        pb.CreatePersonRequest(person=pb.Person(display_name="Ben", labels={"room": "1"})),
        pb.CreatePersonRequest(person=pb.Person(display_name="Ana", labels={"room": "2"})),
        pb.CreatePersonRequest(person=pb.Person(display_name="Ana")),
        pb.CreatePersonRequest(person=pb.Person(display_name="Ana", labels={"room": "1"}), person_id="ana"),
    ],
)
async def test_a_request_id_with_another_content_is_refused(house: House, other: pb.CreatePersonRequest) -> None:
    """A second request that carries the first one's id gets no answer of the first one's, and makes nobody."""
    first = pb.CreatePersonRequest(person=pb.Person(display_name="Ana", labels={"room": "1"}), request_id=str(uuid4()))
    created = (await house.gallery.CreatePerson(first)).person
    other.request_id = first.request_id
    refusal = await refused(house.gallery.CreatePerson(other))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, ("request_id",))
    assert refusal.reason == "REQUEST_ID_REUSED"
    assert (await house.gallery.CreatePerson(first)).person == created
    assert len((await house.gallery.ListPeople(pb.ListPeopleRequest())).people) == 1


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.CreatePersonRequest(person_id="Ana!", person=pb.Person(display_name="Ana")), "person_id"),
        (pb.CreatePersonRequest(person_id="ana"), "person.display_name"),
        (pb.CreatePersonRequest(person=pb.Person(display_name="x" * 201)), "person.display_name"),
        (pb.CreatePersonRequest(person=pb.Person(display_name="A", labels={"Room": "1"})), "person.labels"),
        (pb.CreatePersonRequest(person=pb.Person(display_name="A"), request_id="again"), "request_id"),
    ],
)
async def test_malformed_person_names_the_field(house: House, request_: pb.CreatePersonRequest, field: str) -> None:
    """Each bad field gives INVALID_ARGUMENT naming it, and nobody is created."""
    refusal = await refused(house.gallery.CreatePerson(request_))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))
    assert not (await house.gallery.ListPeople(pb.ListPeopleRequest())).people


async def test_unknown_person_is_not_found(house: House) -> None:
    """Every method that takes a person's name says NOT_FOUND with the resource."""
    gallery, name = house.gallery, "people/nobody"
    for call in (
        gallery.GetPerson(pb.GetPersonRequest(name=name)),
        gallery.UpdatePerson(pb.UpdatePersonRequest(person=pb.Person(name=name, display_name="A"))),
        gallery.DeletePerson(pb.DeletePersonRequest(name=name)),
        gallery.EnrollFace(pb.EnrollFaceRequest(parent=name, image=photo(ANA))),
        gallery.ListFaces(pb.ListFacesRequest(parent=name)),
        gallery.DeleteFace(pb.DeleteFaceRequest(name=f"{name}/faces/1f")),
    ):
        refusal = await refused(call)
        assert refusal.code is _CODE.NOT_FOUND
        assert refusal.resource[1].startswith(name)


async def test_malformed_name_isrefused(house: House) -> None:
    """A resource name of another form gives INVALID_ARGUMENT naming the field and the form."""
    refusal = await refused(house.gallery.GetPerson(pb.GetPersonRequest(name="ana")))
    assert (refusal.code, refusal.fields, refusal.reason) == (_CODE.INVALID_ARGUMENT, ("name",), "BAD_RESOURCE_NAME")
    assert "people/{person}" in refusal.message


async def test_mask_says_what_changes(house: House) -> None:
    """Only masked fields change; a masked field without a value is emptied."""
    await house.gallery.CreatePerson(
        pb.CreatePersonRequest(person_id="ana", person=pb.Person(display_name="Ana", labels={"room": "12"}))
    )
    change = pb.Person(name="people/ana", display_name="Anna")
    request = pb.UpdatePersonRequest(person=change, update_mask=FieldMask(paths=["labels"]))
    updated = (await house.gallery.UpdatePerson(request)).person
    assert (updated.display_name, dict(updated.labels)) == ("Ana", {})


async def test_empty_mask_changes_what_is_set(house: House) -> None:
    """Without a mask set fields change and others stay; with nothing set, nothing changes."""
    created = await _create(house)
    house.clock.advance(60)
    update = house.gallery.UpdatePerson
    nothing = (await update(pb.UpdatePersonRequest(person=pb.Person(name=created.name)))).person
    assert nothing == created
    updated = (await update(pb.UpdatePersonRequest(person=pb.Person(name=created.name, labels={"a": "b"})))).person
    assert (updated.display_name, dict(updated.labels)) == ("Ana", {"a": "b"})
    assert updated.update_time.seconds == created.update_time.seconds + 60


@pytest.mark.parametrize(
    ("person", "paths", "field"),
    [
        (pb.Person(name="people/ana"), ["face_count"], "update_mask"),
        (pb.Person(name="people/ana"), ["labels", "labels.room"], "update_mask"),
        (pb.Person(name="people/ana"), ["display_name"], "person.display_name"),
        (pb.Person(name="ana", display_name="A"), [], "person.name"),
    ],
)
async def test_bad_update_names_the_field(house: House, person: pb.Person, paths: list[str], field: str) -> None:
    """A mask of other paths, an emptied display name and a bad resource name are refused."""
    await _create(house)
    request = pb.UpdatePersonRequest(person=person, update_mask=FieldMask(paths=paths))
    refusal = await refused(house.gallery.UpdatePerson(request))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_pages_show_everybody_once_whoever_comes_meanwhile(house: House) -> None:
    """A walk through pages meets everybody who was there all along exactly once, in order."""
    for person_id in ("b", "d", "f", "h", "j"):
        await _create(house, person_id)
    seen: list[str] = []
    token = ""
    for comer in ("a", "e", "g", ""):
        page = await house.gallery.ListPeople(pb.ListPeopleRequest(page_size=2, page_token=token))
        assert len(page.people) <= 2
        seen += [person.name for person in page.people]
        token = page.next_page_token
        if not token:
            break
        await _create(house, comer)
    assert [name for name in seen if name.removeprefix("people/") in "bdfhj"] == [f"people/{x}" for x in "bdfhj"]
    assert seen == sorted(set(seen))


async def test_list_finds_names_whatever_the_case(house: House) -> None:
    """display_name_contains narrows the list, and the token holds to it."""
    for person_id, name in (("a", "Ana Ríos"), ("b", "Bob"), ("c", "MARIANA")):
        await _create(house, person_id, name)
    request = pb.ListPeopleRequest(display_name_contains="ana", page_size=1)
    first = await house.gallery.ListPeople(request)
    request.page_token = first.next_page_token
    second = await house.gallery.ListPeople(request)
    assert [person.display_name for person in (*first.people, *second.people)] == ["Ana Ríos", "MARIANA"]
    assert not second.next_page_token
    request.display_name_contains = "bob"
    refusal = await refused(house.gallery.ListPeople(request))
    assert (refusal.fields, refusal.reason) == (("page_token",), "PAGE_TOKEN_MISMATCH")


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.ListPeopleRequest(page_size=1001), "page_size"),
        (pb.ListPeopleRequest(page_size=-1), "page_size"),
        (pb.ListPeopleRequest(page_token="%%%"), "page_token"),
        (pb.ListPeopleRequest(page_token="e30"), "page_token"),
        (pb.ListPeopleRequest(display_name_contains="x" * 201), "display_name_contains"),
    ],
)
async def test_bad_page_request_names_the_field(house: House, request_: pb.ListPeopleRequest, field: str) -> None:
    """An oversized page, a malformed token and an endless search text are refused."""
    refusal = await refused(house.gallery.ListPeople(request_))
    assert (refusal.code, refusal.fields) == (_CODE.INVALID_ARGUMENT, (field,))


async def test_deleted_person_is_found_no_more(house: House) -> None:
    """Deleting a person takes the faces from the list and from what searches find; others stay."""
    for person_id, color in (("ana", ANA), ("bob", BOB)):
        await _create(house, person_id)
        await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent=f"people/{person_id}", image=photo(color)))
    await house.gallery.DeletePerson(pb.DeletePersonRequest(name="people/ana"))
    found = await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA, BOB)))
    assert [face.match.person for face in found.faces] == ["", "people/bob"]
    assert [person.name for person in (await house.gallery.ListPeople(pb.ListPeopleRequest())).people] == ["people/bob"]


async def test_deletion_is_answered_though_the_engine_is_away(house: House) -> None:
    """What the database has deleted is deleted: the engine hears of it later, and searches leave it out already."""
    await _create(house)
    await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))
    house.engine.fail(EngineUnavailable("away"), times=1)
    await house.gallery.DeletePerson(pb.DeletePersonRequest(name="people/ana"))
    (face,) = (await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA)))).faces
    assert not face.HasField("match")
    assert not face.candidates
