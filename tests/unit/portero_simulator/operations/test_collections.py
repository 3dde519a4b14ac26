"""The operations on collections, through boto3."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.server.simulated_rekognition import RED, Simulation, ask, portrait


async def test_created_collection_can_be_described(simulation: Simulation) -> None:
    """A collection tells its face model, its faces and when it was created."""
    created = await ask(simulation.client.create_collection, CollectionId="guests")

    described = await ask(simulation.client.describe_collection, CollectionId="guests")

    assert created["StatusCode"] == 200
    assert created["FaceModelVersion"] == described["FaceModelVersion"] == "0.1"
    assert created["CollectionArn"] == described["CollectionARN"]
    assert described["CollectionARN"].endswith(":collection/guests")
    assert described["FaceCount"] == 0
    assert described["CreationTimestamp"] == simulation.clock.now()


async def test_creating_a_collection_twice_is_refused(simulation: Simulation) -> None:
    """A second CreateCollection of the same name fails as on Amazon."""
    with pytest.raises(simulation.client.exceptions.ResourceAlreadyExistsException):
        await ask(simulation.client.create_collection, CollectionId="staff")


async def test_missing_collection_is_refused_by_every_operation_on_it(simulation: Simulation) -> None:
    """Whatever is asked of a collection that is not there ends in ResourceNotFoundException."""
    client, missing = simulation.client, simulation.client.exceptions.ResourceNotFoundException
    image = {"Bytes": portrait(RED)}
    face_id = "00000000-0000-0000-0000-000000000000"
    calls: list[tuple[Callable[..., object], dict[str, object]]] = [
        (client.describe_collection, {}),
        (client.delete_collection, {}),
        (client.list_faces, {}),
        (client.index_faces, {"Image": image}),
        (client.search_faces_by_image, {"Image": image}),
        (client.search_faces, {"FaceId": face_id}),
        (client.delete_faces, {"FaceIds": [face_id]}),
    ]
    for call, parameters in calls:
        with pytest.raises(missing):
            await ask(call, CollectionId="nobody", **parameters)


async def test_collections_are_listed_page_by_page(simulation: Simulation) -> None:
    """ListCollections gives every collection once, with tokens between the pages."""
    for name in ("a", "b"):
        await ask(simulation.client.create_collection, CollectionId=name)

    first = await ask(simulation.client.list_collections, MaxResults=2)
    second = await ask(simulation.client.list_collections, MaxResults=2, NextToken=first["NextToken"])

    assert first["CollectionIds"] + second["CollectionIds"] == ["a", "b", "staff"]
    assert len(first["FaceModelVersions"]) == 2
    assert "NextToken" not in second


async def test_foreign_pagination_token_is_refused(simulation: Simulation) -> None:
    """A token that the simulator did not give fails as on Amazon."""
    with pytest.raises(simulation.client.exceptions.InvalidPaginationTokenException):
        await ask(simulation.client.list_collections, NextToken="bm9wZQ==")


async def test_deleted_collection_takes_its_faces_along(simulation: Simulation) -> None:
    """After DeleteCollection and a new start under the same name nobody is found."""
    image = {"Bytes": portrait(RED)}
    await ask(simulation.client.index_faces, CollectionId="staff", Image=image)

    await ask(simulation.client.delete_collection, CollectionId="staff")

    await ask(simulation.client.create_collection, CollectionId="staff")
    found = await ask(simulation.client.search_faces_by_image, CollectionId="staff", Image=image)
    assert found["FaceMatches"] == []
