"""A stream processor of Amazon Rekognition as AWS describes it, and the faces of its collection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from portero_client import Box, InvalidArgument, NotFound

_T = TypeVar("_T")

PAGE = 1000
"""Faces of a page of ListFaces, the most there may be; as many are adopted with one call."""
_STREAM = re.compile(r"arn:[a-z-]+:kinesisvideo:[a-z0-9-]+:\d{12}:stream/(?P<name>[A-Za-z0-9_.-]+)(?:/\d+)?")


@dataclass(frozen=True, slots=True)
class StreamProcessor:
    """A face search in a video stream.

    Attributes:
        name: Its name.
        status: As "RUNNING" or "STOPPED".
        video_stream: ARN of the Kinesis video stream; empty: none.
        data_stream: ARN of the Kinesis data stream with the results; empty: none.
        collection: Where it searches.
        threshold: FaceMatchThreshold, 0 to 100; None: not told, which means 80.
        regions: Regions of interest that are boxes.
        polygons: How many regions of interest are polygons.
        role: ARN of the role by which Rekognition reads and writes the streams.
        others: Further settings that are set, as "NotificationChannel.SNSTopicArn", with their values.
    """

    name: str
    status: str
    video_stream: str
    data_stream: str
    collection: str
    threshold: float | None
    regions: tuple[Box, ...]
    polygons: int
    role: str
    others: Mapping[str, str]

    @property
    def stream_name(self) -> str:
        """Name of the video stream; of an ARN in a form that is not known, that of the stream processor."""
        found = _STREAM.fullmatch(self.video_stream)
        return self.name if found is None else found["name"]


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """What AWS tells of a collection without listing it."""

    faces: int
    model_version: str


def processor_from(told: Mapping[str, Any]) -> StreamProcessor:
    """Returns the stream processor of an answer of DescribeStreamProcessor.

    Raises:
        InvalidArgument: It does not search for faces.
    """
    settings = told.get("Settings", {})
    search = settings.get("FaceSearch")
    if search is None:
        kinds = ", ".join(sorted(settings)) or "nothing"
        raise InvalidArgument(
            f"the stream processor {told['Name']} searches for no faces ({kinds}): only FaceSearch can be migrated",
            field="name",
            reason="NO_FACE_SEARCH",
        )
    regions = told.get("RegionsOfInterest", ())
    output = told.get("Output", {})
    return StreamProcessor(
        name=told["Name"],
        status=told.get("Status", ""),
        video_stream=told.get("Input", {}).get("KinesisVideoStream", {}).get("Arn", ""),
        data_stream=output.get("KinesisDataStream", {}).get("Arn", ""),
        collection=search.get("CollectionId", ""),
        threshold=search.get("FaceMatchThreshold"),
        regions=tuple(_box(region["BoundingBox"]) for region in regions if "BoundingBox" in region),
        polygons=sum("BoundingBox" not in region for region in regions),
        role=told.get("RoleArn", ""),
        others=_others(told, output),
    )


class AwsRekognition:
    """Rekognition, asked by boto3 with AWS's standard rules for credentials and endpoint.

    Every call is free. Each method raises InvalidArgument if AWS refuses or cannot be reached.
    """

    def __init__(self, region: str = "") -> None:
        """Opens a client, which connects when first used; without a region AWS's usual rules find it.

        Raises:
            InvalidArgument: boto3 is not installed, or cannot be set up.
        """
        try:
            import boto3
        except ImportError:
            raise InvalidArgument(
                "the package that talks to AWS is missing: pip install 'portero[s3]'", field="name", reason="NO_AWS"
            ) from None
        self._client: Any = _asked(lambda: boto3.session.Session(region_name=region or None).client("rekognition"))

    def names(self) -> list[str]:
        """Returns the names of all stream processors."""
        return [
            each["Name"] for page in self._pages("list_stream_processors") for each in page.get("StreamProcessors", ())
        ]

    def processor(self, name: str) -> StreamProcessor:
        """Returns a stream processor. Raises NotFound."""
        return processor_from(_asked(partial(self._client.describe_stream_processor, Name=name)))

    def collection(self, name: str) -> CollectionFacts:
        """Returns what is told of a collection. Raises NotFound."""
        told = _asked(partial(self._client.describe_collection, CollectionId=name))
        return CollectionFacts(told["FaceCount"], told["FaceModelVersion"])

    def face_ids(self, collection: str) -> Iterator[list[str]]:
        """Yields the ids of the faces of a collection, a page at a time. Raises NotFound."""
        for page in self._pages("list_faces", CollectionId=collection, MaxResults=PAGE):
            if found := [face["FaceId"] for face in page.get("Faces", ())]:
                yield found

    def _pages(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = _asked(partial(getattr(self._client, operation), **request))
            yield page
            if not page.get("NextToken"):
                return
            request["NextToken"] = page["NextToken"]


def _asked(call: Callable[[], _T]) -> _T:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return call()
    except ClientError as error:
        told = error.response.get("Error", {})
        code, message = str(told.get("Code", "")), str(told.get("Message", ""))
        if code == "ResourceNotFoundException":
            raise NotFound(f"Amazon Rekognition does not have it: {message}", reason="NOT_IN_AWS") from None
        problem = f"refuses ({code}: {message})"
    except (BotoCoreError, OSError) as error:
        problem = f"cannot be asked ({type(error).__name__}: {error})"
    raise InvalidArgument(f"Amazon Rekognition {problem}", field="name", reason="AWS_UNUSABLE")


def _box(told: Mapping[str, float]) -> Box:
    return Box(told["Left"], told["Top"], told["Width"], told["Height"])


def _others(told: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "NotificationChannel.SNSTopicArn": told.get("NotificationChannel", {}).get("SNSTopicArn"),
        "Output.S3Destination.Bucket": output.get("S3Destination", {}).get("Bucket"),
        "KmsKeyId": told.get("KmsKeyId"),
        "DataSharingPreference.OptIn": told.get("DataSharingPreference", {}).get("OptIn"),
    }
    return {field: str(value) for field, value in found.items() if value is not None}
