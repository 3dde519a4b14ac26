"""ImportPeople and ExportPeople over gRPC."""

from __future__ import annotations

import struct

import grpc
import pytest
from portero.v1 import gallery_service_pb2 as pb

from tests.support.images.patch_photos import ANA, photo
from tests.support.server.serving import House


def _message(person_id: str, *color: float) -> pb.PersonRecord:
    face = pb.FaceEncoding(encoding=struct.pack(f"<{len(color)}f", *color))
    person = pb.Person(name=f"people/{person_id}", display_name=person_id.title())
    return pb.PersonRecord(person=person, faces=[face] if color else [])


async def _exported(house: House) -> list[pb.PersonRecord]:
    found, token = list[pb.PersonRecord](), ""
    while True:
        page = await house.gallery.ExportPeople(pb.ExportPeopleRequest(page_size=1, page_token=token))
        assert (page.engine, page.model_version) == ("scripted", "colors-v1")
        found += page.people
        token = page.next_page_token
        if not token:
            return found


async def test_an_export_gives_the_same_answers_after_its_import(house: House) -> None:
    """Faces enrolled from photos leave, are deleted, come back, and are found in the same photo as before."""
    await house.gallery.CreatePerson(pb.CreatePersonRequest(person_id="ana", person=pb.Person(display_name="Ana")))
    face = (await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))).face
    before = await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA)))
    people = await _exported(house)
    assert [person.person.name for person in people] == ["people/ana"]
    await house.gallery.DeletePerson(pb.DeletePersonRequest(name="people/ana"))
    request = pb.ImportPeopleRequest(model_version="colors-v1", people=people)
    [outcome] = (await house.gallery.ImportPeople(request)).people
    assert (outcome.person, outcome.created, outcome.added_faces, outcome.reason) == ("people/ana", True, 1, "")
    after = await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(ANA)))
    assert after.faces[0].match == before.faces[0].match
    assert (await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent="people/ana", image=photo(ANA)))).face == face
    [again] = (await house.gallery.ImportPeople(request)).people
    assert (again.created, again.added_faces, again.known_faces) == (False, 0, 1)


async def test_what_cannot_be_imported_is_told(house: House) -> None:
    """A wrong encoding is its person's, another model the whole request's, and a malformed value a field's."""
    people = [_message("ana", 1, 0, 0), _message("bo", 1, 0)]
    answer = await house.gallery.ImportPeople(pb.ImportPeopleRequest(model_version="colors-v1", people=people))
    assert [each.reason for each in answer.people] == ["", "ENCODING_OF_OTHER_MODEL"]
    for model, record, code, said in (
        ("other", _message("cy", 1, 0, 0), grpc.StatusCode.FAILED_PRECONDITION, "cannot be compared"),
        ("colors-v1", pb.PersonRecord(), grpc.StatusCode.INVALID_ARGUMENT, "people[0].person.name"),
    ):
        with pytest.raises(grpc.aio.AioRpcError, match=said.replace("[", r"\[").replace("]", r"\]")) as refused:
            await house.gallery.ImportPeople(pb.ImportPeopleRequest(model_version=model, people=[record]))
        assert refused.value.code() is code
