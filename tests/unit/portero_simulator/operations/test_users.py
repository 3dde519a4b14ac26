"""CreateUser, ListUsers, AssociateFaces, DisassociateFaces and DeleteUser, through boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.support.server.simulated_rekognition import BLUE, RED, Simulation, ask, portrait

_UNKNOWN = "00000000-0000-0000-0000-000000000000"


async def _indexed(simulation: Simulation, color: tuple[int, int, int]) -> str:
    answer = await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(color)})
    return answer["FaceRecords"][0]["Face"]["FaceId"]


async def test_faces_of_a_user_are_told_by_the_listing(simulation: Simulation) -> None:
    """An associated face names its user, the user's faces can be listed, and both lists count the user."""
    red, blue = await _indexed(simulation, RED), await _indexed(simulation, BLUE)
    client = simulation.client
    await ask(client.create_user, CollectionId="staff", UserId="ana")
    assert (await ask(client.list_users, CollectionId="staff"))["Users"] == [{"UserId": "ana", "UserStatus": "CREATED"}]

    answer = await ask(client.associate_faces, CollectionId="staff", UserId="ana", FaceIds=[red, _UNKNOWN])

    assert answer["AssociatedFaces"] == [{"FaceId": red}]
    assert answer["UnsuccessfulFaceAssociations"] == [{"FaceId": _UNKNOWN, "Reasons": ["FACE_NOT_FOUND"]}]
    assert answer["UserStatus"] == "ACTIVE"
    listed = (await ask(client.list_faces, CollectionId="staff"))["Faces"]
    assert {face["FaceId"]: face.get("UserId") for face in listed} == {red: "ana", blue: None}
    own = (await ask(client.list_faces, CollectionId="staff", UserId="ana"))["Faces"]
    assert [face["FaceId"] for face in own] == [red]
    assert (await ask(client.describe_collection, CollectionId="staff"))["UserCount"] == 1


async def test_a_face_belongs_to_one_user(simulation: Simulation) -> None:
    """A face of one user is not associated with, or taken from, another one."""
    face_id = await _indexed(simulation, RED)
    client = simulation.client
    for user in ("ana", "bob"):
        await ask(client.create_user, CollectionId="staff", UserId=user)
    await ask(client.associate_faces, CollectionId="staff", UserId="ana", FaceIds=[face_id])
    refused = [{"FaceId": face_id, "UserId": "ana", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]}]

    associated = await ask(client.associate_faces, CollectionId="staff", UserId="bob", FaceIds=[face_id])
    taken = await ask(client.disassociate_faces, CollectionId="staff", UserId="bob", FaceIds=[face_id])

    assert associated["UnsuccessfulFaceAssociations"] == refused
    assert taken["UnsuccessfulFaceDisassociations"] == refused


async def test_a_face_of_a_user_is_deleted_only_after_it_was_taken_from_them(simulation: Simulation) -> None:
    """DeleteFaces keeps a face of a user and names the user; disassociated, or without the user, it goes."""
    red, blue = await _indexed(simulation, RED), await _indexed(simulation, BLUE)
    client = simulation.client
    await ask(client.create_user, CollectionId="staff", UserId="ana")
    await ask(client.associate_faces, CollectionId="staff", UserId="ana", FaceIds=[red, blue])

    kept = await ask(client.delete_faces, CollectionId="staff", FaceIds=[red])

    assert not kept.get("DeletedFaces")
    assert kept["UnsuccessfulFaceDeletions"] == [
        {"FaceId": red, "UserId": "ana", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    ]
    taken = await ask(client.disassociate_faces, CollectionId="staff", UserId="ana", FaceIds=[red])
    assert taken["DisassociatedFaces"] == [{"FaceId": red}]
    assert (await ask(client.delete_faces, CollectionId="staff", FaceIds=[red]))["DeletedFaces"] == [red]
    await ask(client.delete_user, CollectionId="staff", UserId="ana")
    assert (await ask(client.delete_faces, CollectionId="staff", FaceIds=[blue]))["DeletedFaces"] == [blue]


async def test_users_that_exist_or_do_not_are_refused(simulation: Simulation) -> None:
    """A second user of the same id is a conflict, and an unknown one is not found."""
    client = simulation.client
    await ask(client.create_user, CollectionId="staff", UserId="ana")
    with pytest.raises(ClientError, match="ConflictException"):
        await ask(client.create_user, CollectionId="staff", UserId="ana")
    for call in (client.associate_faces, client.disassociate_faces):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            await ask(call, CollectionId="staff", UserId="bob", FaceIds=[_UNKNOWN])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        await ask(client.delete_user, CollectionId="staff", UserId="bob")
