"""Merging of people through a real gRPC server."""

from __future__ import annotations

import grpc
import pytest
from portero.v1 import gallery_service_pb2 as pb

from tests.support.images.patch_photos import ANA, EVE, photo
from tests.support.server.serving import House

REQUEST = "6a5f1c1e-8d6b-4c7e-9a38-0c7d0c3a1f55"


async def test_one_person_is_found_by_the_faces_of_both(house: House) -> None:
    """The answer says what became theirs; asked again with the same request id, it says the same."""
    for person_id, color in (("ana", ANA), ("anna", EVE)):
        person = pb.Person(display_name=person_id.title())
        await house.gallery.CreatePerson(pb.CreatePersonRequest(person=person, person_id=person_id))
        await house.gallery.EnrollFace(pb.EnrollFaceRequest(parent=f"people/{person_id}", image=photo(color)))
    request = pb.MergePeopleRequest(name="people/ana", other="people/anna", request_id=REQUEST)
    merged = await house.gallery.MergePeople(request)
    assert (merged.person.name, merged.person.face_count, merged.faces, merged.sightings) == ("people/ana", 2, 1, 0)
    assert await house.gallery.MergePeople(request) == merged
    for color in (ANA, EVE):
        found = await house.gallery.SearchByImage(pb.SearchByImageRequest(image=photo(color)))
        assert found.faces[0].match.person == "people/ana"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.gallery.MergePeople(pb.MergePeopleRequest(name="people/anna", other="people/ana"))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "was merged into people/ana" in (caught.value.details() or "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "ana"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"other": ""}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"other": "people/ana"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"request_id": "once more"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({}, grpc.StatusCode.NOT_FOUND),
    ],
)
async def test_what_is_malformed_or_unknown_is_refused(
    house: House, changes: dict[str, str], code: grpc.StatusCode
) -> None:
    """Each with its field, or with whom it does not find."""
    request = pb.MergePeopleRequest(name="people/ana", other="people/anna")
    for field, value in changes.items():
        setattr(request, field, value)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.gallery.MergePeople(request)
    assert caught.value.code() is code
