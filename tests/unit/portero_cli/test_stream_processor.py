"""What AWS tells of a stream processor, asked by unchanged boto3 over HTTP."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator
from typing import Any

import pytest

from portero_cli.stream_processor import AwsRekognition, CollectionFacts, processor_from
from portero_client import Box, InvalidArgument, NotFound
from portero_simulator.options import Options
from tests.support.client.stream_processors import RESULTS, ROLE, TRIANGLE, VIDEO, region, request_of
from tests.support.server.simulated_rekognition import RED, Simulation, ask, portrait, simulated


@pytest.fixture
async def simulation(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulation]:
    """A simulator that the AWS environment names."""
    async with simulated(Options(quotas={})) as running:
        for name, value in (
            ("AWS_ENDPOINT_URL_REKOGNITION", running.url),
            ("AWS_ACCESS_KEY_ID", "any"),
            ("AWS_SECRET_ACCESS_KEY", "any"),
        ):
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        yield running


async def test_a_face_search_is_read(simulation: Simulation) -> None:
    """Streams, collection, threshold and role; what is not set is not told."""
    await ask(simulation.client.create_stream_processor, **request_of("lobby", "staff"))
    aws = AwsRekognition("us-east-1")
    assert await asyncio.to_thread(aws.names) == ["lobby"]
    told = await asyncio.to_thread(aws.processor, "lobby")
    assert (told.name, told.status, told.stream_name) == ("lobby", "STOPPED", "Lobby_1")
    assert (told.video_stream, told.data_stream, told.role) == (VIDEO, RESULTS, ROLE)
    assert (told.collection, told.threshold, told.regions, told.polygons) == ("staff", 99.5, (), 0)
    assert told.others == {}
    with pytest.raises(NotFound):
        await asyncio.to_thread(aws.processor, "other")


async def test_faces_come_by_page(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    """All faces of the collection, and no page without any."""
    monkeypatch.setattr("portero_cli.stream_processor.PAGE", 2)
    await ask(simulation.client.create_collection, CollectionId="staff")
    aws = AwsRekognition("us-east-1")
    assert await asyncio.to_thread(lambda: list(aws.face_ids("staff"))) == []
    for width in (320, 330, 340):
        image = {"Bytes": portrait(RED, width=width)}
        await ask(simulation.client.index_faces, CollectionId="staff", Image=image)
    pages = await asyncio.to_thread(lambda: list(aws.face_ids("staff")))
    assert [len(page) for page in pages] == [2, 1]
    assert await asyncio.to_thread(aws.collection, "staff") == CollectionFacts(3, "0.1")
    with pytest.raises(NotFound):
        await asyncio.to_thread(aws.collection, "other")


def test_settings_that_a_face_search_does_not_need_are_kept_for_the_report() -> None:
    """Regions, topic, bucket, key and data sharing; a stream of another form is called as the stream processor."""
    told = processor_from(
        request_of(
            "lobby",
            Input={"KinesisVideoStream": {"Arn": "arn:aws:kinesisvideo:x"}},
            Settings={"FaceSearch": {"CollectionId": "staff"}},
            RegionsOfInterest=[region(0.1, 0.2, 0.3, 0.4), TRIANGLE],
            NotificationChannel={"SNSTopicArn": "arn:topic"},
            Output={"S3Destination": {"Bucket": "frames"}},
            KmsKeyId="key",
            DataSharingPreference={"OptIn": False},
        )
    )
    assert (told.regions, told.polygons, told.threshold) == ((Box(0.1, 0.2, 0.3, 0.4),), 1, None)
    assert (told.stream_name, told.data_stream) == ("lobby", "")
    assert told.others == {
        "NotificationChannel.SNSTopicArn": "arn:topic",
        "Output.S3Destination.Bucket": "frames",
        "KmsKeyId": "key",
        "DataSharingPreference.OptIn": "False",
    }


def test_a_search_for_labels_is_refused() -> None:
    """The error says what it searches for."""
    with pytest.raises(InvalidArgument, match="ConnectedHome"):
        processor_from(request_of(Settings={"ConnectedHome": {"Labels": ["PERSON"]}}))


def test_without_boto3_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line, before anything is asked."""
    real = builtins.__import__

    def missing(name: str, *rest: Any, **others: Any) -> Any:
        if name == "boto3":
            raise ImportError(name)
        return real(name, *rest, **others)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(InvalidArgument, match=r"pip install 'portero\[s3\]'"):
        AwsRekognition()


async def test_an_aws_that_cannot_be_asked_is_told_in_one_line(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals with AWS's code, and configurations that do not work."""
    aws = AwsRekognition("us-east-1")
    with pytest.raises(InvalidArgument, match="ParamValidationError"):
        await asyncio.to_thread(aws.processor, "")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(InvalidArgument, match="ProfileNotFound"):
        AwsRekognition("us-east-1")
