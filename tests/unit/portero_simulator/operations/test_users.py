"""CreateUser, ListUsers, AssociateFaces, DisassociateFaces and DeleteUser, through boto3."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.support.server.simulated_rekognition import BLUE, RED, Simulation, ask, picture, png, portrait

_REDDISH = (60, 60, 222)
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


async def test_a_face_unlike_those_of_a_user_is_not_associated(simulation: Simulation) -> None:
    """A face below UserMatchThreshold is reported with its confidence; one that is like them joins."""
    red, blue = await _indexed(simulation, RED), await _indexed(simulation, BLUE)
    reddish = await _indexed(simulation, _REDDISH)
    client = simulation.client
    await ask(client.create_user, CollectionId="staff", UserId="ana")
    await ask(client.associate_faces, CollectionId="staff", UserId="ana", FaceIds=[red])

    answer = await ask(client.associate_faces, CollectionId="staff", UserId="ana", FaceIds=[blue, reddish])

    assert answer["AssociatedFaces"] == [{"FaceId": reddish}]
    (refused,) = answer["UnsuccessfulFaceAssociations"]
    assert (refused["FaceId"], refused["Reasons"]) == (blue, ["LOW_MATCH_CONFIDENCE"])
    assert refused["Confidence"] < 75


async def test_a_search_for_users_takes_all_faces_of_each_as_one(simulation: Simulation) -> None:
    """Users come best first above the threshold; what was taken from a user, or is nobody's, is not found."""
    ids = {color: await _indexed(simulation, color) for color in (RED, _REDDISH, BLUE)}
    client = simulation.client
    for user, colors in (("ana", (RED, _REDDISH)), ("bob", (BLUE,))):
        await ask(client.create_user, CollectionId="staff", UserId=user)
        await ask(client.associate_faces, CollectionId="staff", UserId=user, FaceIds=[ids[color] for color in colors])

    async def found(color: tuple[int, int, int], threshold: float) -> list[str]:
        answer = await ask(
            client.search_users_by_image,
            CollectionId="staff",
            Image={"Bytes": portrait(color)},
            UserMatchThreshold=threshold,
        )
        assert answer["SearchedFace"]["FaceDetail"]["BoundingBox"]["Width"] > 0
        return [match["User"]["UserId"] for match in answer["UserMatches"]]

    assert await found(RED, 0) == ["ana", "bob"]
    assert await found(RED, 80) == ["ana"]
    await ask(client.disassociate_faces, CollectionId="staff", UserId="ana", FaceIds=[ids[RED], ids[_REDDISH]])
    assert await found(RED, 0) == ["bob"]
    await ask(client.delete_user, CollectionId="staff", UserId="bob")
    assert await found(RED, 0) == []


async def test_a_search_for_users_tells_what_it_did_not_search(simulation: Simulation) -> None:
    """The smaller of two faces is named as unsearched, and an image without a face is an answer without one."""
    client = simulation.client
    both = png(picture((10, 10, 60, BLUE), (100, 60, 100, RED)))

    answer = await ask(client.search_users_by_image, CollectionId="staff", Image={"Bytes": both})
    nobody = await ask(client.search_users_by_image, CollectionId="staff", Image={"Bytes": png(picture())})

    assert [face["Reasons"] for face in answer["UnsearchedFaces"]] == [["FACE_NOT_LARGEST"]]
    assert nobody["UserMatches"] == []
    assert "SearchedFace" not in nobody
