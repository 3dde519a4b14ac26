"""What of a stream processor becomes what."""

from __future__ import annotations

from typing import Any

import pytest

from portero_cli.migration_plan import CameraPlan, Setting, Taken, plan_camera, settings_of
from portero_cli.stream_processor import processor_from
from portero_client import Box, InvalidArgument
from tests.support.client.stream_processors import RESULTS, TRIANGLE, VIDEO, region, request_of


def _threshold(percent: float | None) -> dict[str, Any]:
    search = {"CollectionId": "staff"} | ({} if percent is None else {"FaceMatchThreshold": percent})
    return {"FaceSearch": search}


def _settings(camera: str = "", *, keep_threshold: bool = False, **changes: Any) -> dict[str, Setting]:
    processor = processor_from(request_of(**changes))
    plan = plan_camera(processor, camera, keep_threshold=keep_threshold)
    return {each.field: each for each in settings_of(processor, plan)}


def test_a_camera_stands_for_the_video_stream() -> None:
    """With the stream's name, an id that is valid, and the threshold."""
    processor = processor_from(request_of())
    assert plan_camera(processor) == CameraPlan("cameras/lobby-1", "Lobby_1", 0.995, ())
    assert plan_camera(processor, "door").name == plan_camera(processor, "cameras/door").name == "cameras/door"
    with pytest.raises(InvalidArgument):
        plan_camera(processor, "The door")


@pytest.mark.parametrize(
    ("percent", "keep", "taken", "threshold"),
    [
        (99.0, False, Taken.TAKEN, 0.99),
        (98.9, False, Taken.DIFFERS, None),
        (80.0, True, Taken.TAKEN, 0.8),
        (None, False, Taken.DIFFERS, None),
        (None, True, Taken.TAKEN, 0.8),
    ],
)
def test_a_low_threshold_is_taken_on_request_only(
    percent: float | None, keep: bool, taken: Taken, threshold: float | None
) -> None:
    """A threshold that lists matches is no threshold to name somebody from; without one AWS's default counts."""
    processor = processor_from(request_of(Settings=_threshold(percent)))
    plan = plan_camera(processor, keep_threshold=keep)
    assert plan.similarity_threshold == threshold
    told = {each.field: each for each in settings_of(processor, plan)}["Settings.FaceSearch.FaceMatchThreshold"]
    assert (told.taken, told.value) == (taken, f"{80.0 if percent is None else percent:g}")


def test_every_setting_is_told_once_with_what_becomes_of_it() -> None:
    """What has a counterpart, what differs, and what is not taken and why."""
    told = _settings(
        "door",
        RegionsOfInterest=[region(0.0, 0.0, 0.5, 1.0)],
        NotificationChannel={"SNSTopicArn": "arn:topic"},
        KmsKeyId="key",
        DataSharingPreference={"OptIn": True},
        Status="RUNNING",
    )
    assert {field: each.taken for field, each in told.items()} == {
        "Input.KinesisVideoStream.Arn": Taken.DIFFERS,
        "Output.KinesisDataStream.Arn": Taken.TAKEN,
        "Settings.FaceSearch.CollectionId": Taken.TAKEN,
        "Settings.FaceSearch.FaceMatchThreshold": Taken.TAKEN,
        "RegionsOfInterest": Taken.TAKEN,
        "RoleArn": Taken.NOT_TAKEN,
        "NotificationChannel.SNSTopicArn": Taken.NOT_TAKEN,
        "KmsKeyId": Taken.NOT_TAKEN,
        "DataSharingPreference.OptIn": Taken.NOT_TAKEN,
        "Status": Taken.NOT_TAKEN,
    }
    assert all(each.remark for each in told.values() if each.taken is not Taken.TAKEN)
    assert told["Input.KinesisVideoStream.Arn"].value == VIDEO
    assert told["Output.KinesisDataStream.Arn"].value == RESULTS
    assert "cameras/door" in told["Output.KinesisDataStream.Arn"].remark


def test_regions_become_the_zones_around_them_or_are_told() -> None:
    """Boxes are taken; with a polygon among them, or too many of them, none is, so that nothing wanted is hidden."""
    boxes = [region(0.0, 0.0, 0.5, 1.0)]
    assert plan_camera(processor_from(request_of(RegionsOfInterest=boxes))).privacy_zones == (Box(0.5, 0.0, 0.5, 1.0),)
    mixed = processor_from(request_of(RegionsOfInterest=[*boxes, TRIANGLE]))
    assert plan_camera(mixed).privacy_zones == ()
    assert _settings(RegionsOfInterest=[*boxes, TRIANGLE])["RegionsOfInterest"].taken is Taken.NOT_TAKEN
    board = [region(x / 10, y / 10, 0.1, 0.1) for x in range(10) for y in range(10) if (x + y) % 2]
    assert plan_camera(processor_from(request_of(RegionsOfInterest=board))).privacy_zones == ()
    assert _settings(RegionsOfInterest=board)["RegionsOfInterest"].taken is Taken.NOT_TAKEN


def test_results_in_a_bucket_only_are_no_subscription() -> None:
    """Nothing is subscribed, and it is said why."""
    told = _settings(Output={"S3Destination": {"Bucket": "frames"}})
    assert told["Output.KinesisDataStream.Arn"].taken is Taken.NOT_TAKEN
    assert told["Output.S3Destination.Bucket"].value == "frames"
