"""SearchFacesByImage and SearchFaces, through boto3."""

from __future__ import annotations

import pytest

from tests.support.server.simulated_rekognition import GREEN, RED, WHITE, Simulation, ask, picture, png, portrait

_NEARLY_RED = (60, 60, 195)


@pytest.fixture
async def staff(simulation: Simulation) -> dict[str, str]:
    """Three people in the collection, by color; gives their face ids."""
    ids = {}
    for name, color in (("red", RED), ("reddish", _NEARLY_RED), ("green", GREEN)):
        answer = await ask(
            simulation.client.index_faces,
            CollectionId="staff",
            Image={"Bytes": portrait(color)},
            ExternalImageId=name,
        )
        ids[name] = answer["FaceRecords"][0]["Face"]["FaceId"]
    return ids


async def test_only_the_largest_face_is_searched(simulation: Simulation, staff: dict[str, str]) -> None:
    """Of two faces in the image the larger one is searched, and the answer says which that was."""
    image = png(picture((10, 10, 60, GREEN), (100, 60, 100, RED)))

    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image={"Bytes": image})

    assert found["FaceMatches"][0]["Face"]["FaceId"] == staff["red"]
    assert found["SearchedFaceBoundingBox"]["Left"] == pytest.approx(100 / 320, abs=0.01)
    assert found["SearchedFaceConfidence"] == pytest.approx(99)


async def test_matches_come_best_first_above_the_threshold(simulation: Simulation, staff: dict[str, str]) -> None:
    """FaceMatchThreshold and MaxFaces bound the matches, which are ordered by similarity."""
    image = {"Bytes": portrait(RED)}

    strict = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image)
    loose = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image, FaceMatchThreshold=0)
    one = await ask(
        simulation.client.search_faces_by_image, CollectionId="staff", Image=image, FaceMatchThreshold=0, MaxFaces=1
    )

    names = [[match["Face"]["ExternalImageId"] for match in answer["FaceMatches"]] for answer in (strict, loose, one)]
    assert names == [["red", "reddish"], ["red", "reddish", "green"], ["red"]]
    similarities = [match["Similarity"] for match in loose["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 99.9
    assert similarities[2] < 1


async def test_image_without_face_is_an_invalid_parameter(simulation: Simulation) -> None:
    """A search without a face fails in the words of Amazon, and is charged, since the image was analyzed."""
    with pytest.raises(simulation.client.exceptions.InvalidParameterException, match="There are no faces in the image"):
        await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image={"Bytes": png(picture())})

    assert simulation.endpoint.journal.summary()["operations"]["SearchFacesByImage"]["dollars"] == 0.001


async def test_faces_under_the_quality_bar_are_not_searched(simulation: Simulation) -> None:
    """With a quality filter, an image whose only face is too small counts as one without a face."""
    image = {"Bytes": png(picture((100, 60, 30, RED)))}

    with pytest.raises(simulation.client.exceptions.InvalidParameterException, match="no faces"):
        await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image, QualityFilter="AUTO")

    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image)
    assert found["FaceMatches"] == []


async def test_collections_do_not_see_each_other(simulation: Simulation, staff: dict[str, str]) -> None:
    """A face of one collection is not found in another."""
    await ask(simulation.client.create_collection, CollectionId="guests")

    found = await ask(simulation.client.search_faces_by_image, CollectionId="guests", Image={"Bytes": portrait(RED)})

    assert found["FaceMatches"] == []


async def test_stored_face_is_searched_among_the_others(simulation: Simulation, staff: dict[str, str]) -> None:
    """SearchFaces finds who is like a stored face, without the face itself."""
    found = await ask(simulation.client.search_faces, CollectionId="staff", FaceId=staff["red"])

    assert found["SearchedFaceId"] == staff["red"]
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [staff["reddish"]]


async def test_search_for_an_unknown_face_is_refused(simulation: Simulation) -> None:
    """SearchFaces of a face that is not in the collection fails as on Amazon."""
    with pytest.raises(simulation.client.exceptions.InvalidParameterException):
        await ask(simulation.client.search_faces, CollectionId="staff", FaceId="00000000-0000-0000-0000-000000000000")


async def test_stranger_has_no_match(simulation: Simulation, staff: dict[str, str]) -> None:
    """Somebody nobody knows is searched without error and without match."""
    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image={"Bytes": portrait(WHITE)})

    assert found["FaceMatches"] == []
