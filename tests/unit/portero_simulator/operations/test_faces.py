"""IndexFaces, ListFaces and DeleteFaces, through boto3."""

from __future__ import annotations

import pytest

from tests.support.server.simulated_rekognition import BLUE, GREEN, RED, Simulation, ask, picture, png, portrait


async def test_indexed_face_is_described_and_listed(simulation: Simulation) -> None:
    """IndexFaces tells where the face is and under what it was stored, and ListFaces gives the same."""
    answer = await ask(
        simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(RED)}, ExternalImageId="ana:1"
    )

    record = answer["FaceRecords"][0]
    assert record["Face"]["ExternalImageId"] == "ana:1"
    assert record["Face"]["IndexFacesModelVersion"] == answer["FaceModelVersion"]
    assert record["Face"]["BoundingBox"]["Left"] == pytest.approx(100 / 320, abs=0.01)
    assert record["FaceDetail"]["Quality"]["Sharpness"] == pytest.approx(100)
    assert answer["UnindexedFaces"] == []
    listed = await ask(simulation.client.list_faces, CollectionId="staff")
    assert listed["Faces"] == [record["Face"]]


async def test_same_image_and_external_id_is_one_face(simulation: Simulation) -> None:
    """Indexing the same image under the same external id again gives the same face and adds none."""
    image = {"Bytes": portrait(RED)}
    first = await ask(simulation.client.index_faces, CollectionId="staff", Image=image, ExternalImageId="ana")

    again = await ask(simulation.client.index_faces, CollectionId="staff", Image=image, ExternalImageId="ana")
    other = await ask(simulation.client.index_faces, CollectionId="staff", Image=image, ExternalImageId="bea")

    ids = [answer["FaceRecords"][0]["Face"]["FaceId"] for answer in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    described = await ask(simulation.client.describe_collection, CollectionId="staff")
    assert described["FaceCount"] == 2


async def test_largest_faces_are_indexed_and_the_rest_told(simulation: Simulation) -> None:
    """With MaxFaces the largest are taken, largest first; others come back with EXCEEDS_MAX_FACES."""
    image = png(picture((10, 10, 60, GREEN), (100, 60, 100, RED), (230, 10, 80, BLUE)))

    answer = await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": image}, MaxFaces=2)

    widths = [record["Face"]["BoundingBox"]["Width"] for record in answer["FaceRecords"]]
    assert widths == pytest.approx([100 / 320, 80 / 320], abs=0.01)
    assert [face["Reasons"] for face in answer["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]]
    assert answer["UnindexedFaces"][0]["FaceDetail"]["BoundingBox"]["Width"] == pytest.approx(60 / 320, abs=0.01)


async def test_small_face_is_left_out_by_the_quality_filter(simulation: Simulation) -> None:
    """The default filter drops a face under 40 pixels with SMALL_BOUNDING_BOX; NONE takes it."""
    image = {"Bytes": png(picture((100, 60, 30, RED)))}

    filtered = await ask(simulation.client.index_faces, CollectionId="staff", Image=image)
    unfiltered = await ask(simulation.client.index_faces, CollectionId="staff", Image=image, QualityFilter="NONE")

    assert filtered["FaceRecords"] == []
    assert filtered["UnindexedFaces"][0]["Reasons"] == ["SMALL_BOUNDING_BOX"]
    assert len(unfiltered["FaceRecords"]) == 1


async def test_faces_are_listed_page_by_page(simulation: Simulation) -> None:
    """ListFaces gives every face once, in the order they came, with tokens between the pages."""
    colors = (RED, GREEN, BLUE)
    ids = []
    for color in colors:
        answer = await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(color)})
        ids.append(answer["FaceRecords"][0]["Face"]["FaceId"])

    paginator = simulation.client.get_paginator("list_faces")
    pages = await ask(lambda: list(paginator.paginate(CollectionId="staff", PaginationConfig={"PageSize": 2})))

    assert [[face["FaceId"] for face in page["Faces"]] for page in pages] == [ids[:2], ids[2:]]


async def test_listing_can_be_narrowed_to_some_faces(simulation: Simulation) -> None:
    """ListFaces with FaceIds gives only those."""
    for color in (RED, GREEN):
        answer = await ask(simulation.client.index_faces, CollectionId="staff", Image={"Bytes": portrait(color)})
    wanted = answer["FaceRecords"][0]["Face"]["FaceId"]

    listed = await ask(simulation.client.list_faces, CollectionId="staff", FaceIds=[wanted])

    assert [face["FaceId"] for face in listed["Faces"]] == [wanted]


async def test_deleted_face_is_gone_and_unknown_ones_are_told(simulation: Simulation) -> None:
    """DeleteFaces deletes what is there, and says FACE_NOT_FOUND of the rest."""
    image = {"Bytes": portrait(RED)}
    answer = await ask(simulation.client.index_faces, CollectionId="staff", Image=image)
    face_id, unknown = answer["FaceRecords"][0]["Face"]["FaceId"], "00000000-0000-0000-0000-000000000000"

    deleted = await ask(simulation.client.delete_faces, CollectionId="staff", FaceIds=[face_id, unknown])

    assert deleted["DeletedFaces"] == [face_id]
    assert deleted["UnsuccessfulFaceDeletions"] == [{"FaceId": unknown, "Reasons": ["FACE_NOT_FOUND"]}]
    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image)
    assert found["FaceMatches"] == []
