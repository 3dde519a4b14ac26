from __future__ import annotations

import pytest

from tests.support.client.stream_processors import request_of
from tests.support.server.simulated_rekognition import Simulation, ask


async def test_stream_processors_are_created_described_listed_and_deleted(simulation: Simulation) -> None:
    """A stream processor is described as it was created, a page lists some, and a deleted one is gone."""
    client = simulation.client
    for name in ("lobby", "door", "yard"):
        await ask(client.create_stream_processor, **request_of(name))
    told: dict[str, object] = {**await ask(client.describe_stream_processor, Name="door")}
    assert {name: told[name] for name in request_of()} == request_of("door")
    page = await ask(client.list_stream_processors, MaxResults=2)
    assert [each["Name"] for each in page["StreamProcessors"]] == ["door", "lobby"]
    rest = await ask(client.list_stream_processors, NextToken=page["NextToken"])
    assert ([each["Name"] for each in rest["StreamProcessors"]], "NextToken" in rest) == (["yard"], False)
    await ask(client.delete_stream_processor, Name="door")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        await ask(client.describe_stream_processor, Name="door")


async def test_names_are_taken_once_and_requests_checked(simulation: Simulation) -> None:
    """A second one of the name, and a role that is no ARN, are refused."""
    client = simulation.client
    await ask(client.create_stream_processor, **request_of())
    with pytest.raises(client.exceptions.ResourceInUseException):
        await ask(client.create_stream_processor, **request_of())
    with pytest.raises(client.exceptions.ClientError):
        await ask(client.create_stream_processor, **request_of("other", RoleArn="admin"))
