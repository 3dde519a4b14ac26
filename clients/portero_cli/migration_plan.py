"""Decides what of a stream processor becomes what in Portero, and says of every setting whether it is taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from portero_cli.interest_zones import MOST_ZONES, zones_around
from portero_cli.stream_processor import StreamProcessor
from portero_client import Box
from portero_client.names import CAMERAS

SAFE_THRESHOLD = 0.99
"""What the server names people from with Rekognition. Below, AWS advises that a person looks at each match."""
DEFAULT_THRESHOLD = 80.0
"""FaceMatchThreshold of a stream processor that sets none."""


class Taken(Enum):
    """Whether a setting is taken over."""

    TAKEN = "taken"
    DIFFERS = "differs"
    """Something else stands for it."""
    NOT_TAKEN = "not_taken"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the stream processor.

    Attributes:
        field: As in DescribeStreamProcessor.
        value: What it is set to.
        taken: Whether it is taken over.
        portero: What stands for it; empty: nothing.
        remark: Why, or what is left to do; empty: nothing.
    """

    field: str
    value: str
    taken: Taken
    portero: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """The camera that stands for the video stream.

    Attributes:
        name: Resource name.
        display_name: Name for people.
        similarity_threshold: 0..1; None: the server's.
        privacy_zones: What nothing looks at.
    """

    name: str
    display_name: str
    similarity_threshold: float | None
    privacy_zones: tuple[Box, ...]


def plan_camera(processor: StreamProcessor, camera: str = "", *, keep_threshold: bool = False) -> CameraPlan:
    """Returns the camera for a stream processor.

    Args:
        processor: The stream processor.
        camera: Id or resource name; empty: from the name of the video stream.
        keep_threshold: Whether a threshold below SAFE_THRESHOLD is taken.

    Raises:
        InvalidArgument: The id is malformed.
    """
    threshold = _threshold(processor)
    zones = None if processor.polygons else zones_around(processor.regions)
    return CameraPlan(
        name=CAMERAS.name(camera or _camera_id(processor.stream_name)),
        display_name=processor.stream_name,
        similarity_threshold=threshold if keep_threshold or threshold >= SAFE_THRESHOLD else None,
        privacy_zones=zones or (),
    )


def settings_of(processor: StreamProcessor, camera: CameraPlan) -> tuple[Setting, ...]:
    """Returns every setting of a stream processor, and what becomes of it."""
    return (
        _video(processor, camera),
        _data(processor, camera),
        Setting(
            "Settings.FaceSearch.CollectionId", processor.collection, Taken.TAKEN, "PORTERO_REKOGNITION_COLLECTION"
        ),
        _match(processor, camera),
        *_regions(processor, camera),
        Setting(
            "RoleArn",
            processor.role,
            Taken.NOT_TAKEN,
            "the server's own credentials",
            "the server needs kinesis:PutRecord on the data stream, and nothing on the video stream",
        ),
        *(Setting(field, value, Taken.NOT_TAKEN, *_OTHERS[field]) for field, value in processor.others.items()),
        *_running(processor),
    )


_OTHERS = {
    "NotificationChannel.SNSTopicArn": (
        "`portero subscriptions create --to sns`",
        "a topic is told by a subscription of its own, with Portero's messages",
    ),
    "Output.S3Destination.Bucket": (
        "snapshots",
        "Portero keeps pictures in a bucket where the server's settings say so (PORTERO_SNAPSHOTS)",
    ),
    "KmsKeyId": ("", "it encrypts what Rekognition keeps on its way; bucket and data stream keep theirs"),
    "DataSharingPreference.OptIn": (
        "",
        "whether AWS keeps images is decided for the account (AI services opt-out policy)",
    ),
}


def _video(processor: StreamProcessor, camera: CameraPlan) -> Setting:
    remark = "a bridge beside the camera sends its frames, from the camera's own address: `portero-bridge`"
    return Setting("Input.KinesisVideoStream.Arn", processor.video_stream, Taken.DIFFERS, camera.name, remark)


def _data(processor: StreamProcessor, camera: CameraPlan) -> Setting:
    field = "Output.KinesisDataStream.Arn"
    if not processor.data_stream:
        return Setting(field, "", Taken.NOT_TAKEN, "", "there is none, so nothing is subscribed")
    remark = (
        f"one record for each event and not each frame; StreamArn is {camera.name}, and ExternalImageId the person's id"
    )
    return Setting(field, processor.data_stream, Taken.TAKEN, "subscription kinesis-stream-processor", remark)


def _match(processor: StreamProcessor, camera: CameraPlan) -> Setting:
    value = DEFAULT_THRESHOLD if processor.threshold is None else processor.threshold
    field, told = "Settings.FaceSearch.FaceMatchThreshold", f"{value:g}"
    if camera.similarity_threshold is not None:
        return Setting(field, told, Taken.TAKEN, f"threshold {camera.similarity_threshold:g}")
    remark = (
        f"a stream processor lists matches from {value:g}, Portero names one person from {SAFE_THRESHOLD * 100:g}; "
        "--keep-threshold takes it all the same"
    )
    return Setting(field, told, Taken.DIFFERS, "the server's threshold", remark)


def _regions(processor: StreamProcessor, camera: CameraPlan) -> tuple[Setting, ...]:
    count = len(processor.regions) + processor.polygons
    if not count:
        return ()
    field, value = "RegionsOfInterest", f"{len(processor.regions)} boxes, {processor.polygons} polygons"
    if processor.polygons:
        return (Setting(field, value, Taken.NOT_TAKEN, "", "Portero's zones are boxes: `portero cameras zones`"),)
    if zones_around(processor.regions) is None:
        remark = f"what is around them takes more than the {MOST_ZONES} zones that a camera may have"
        return (Setting(field, value, Taken.NOT_TAKEN, "", remark),)
    remark = "what is around them is hidden from everything; a face at an edge is cut there"
    return (Setting(field, value, Taken.TAKEN, f"{len(camera.privacy_zones)} privacy zones", remark),)


def _running(processor: StreamProcessor) -> tuple[Setting, ...]:
    if processor.status != "RUNNING":
        return ()
    remark = "stop it (StopStreamProcessor) when Portero has its camera, or consumers get both"
    return (Setting("Status", processor.status, Taken.NOT_TAKEN, "", remark),)


def _threshold(processor: StreamProcessor) -> float:
    return round((DEFAULT_THRESHOLD if processor.threshold is None else processor.threshold) / 100, 6)


def _camera_id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-") or "camera"
