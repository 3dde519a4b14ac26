"""Events in the form of Rekognition's stream processors, against the example that AWS documents.

https://docs.aws.amazon.com/rekognition/latest/dg/streaming-video-kinesis-output.html has it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from portero_server.domain.detection.geometry import Box
from portero_server.domain.events.stream_processor import stream_processor_record, trial_record
from portero_server.domain.recording.sightings import SightingEvent, SightingEventKind
from tests.support.store.sighting_events import NOON, sighting

_MATCHED = "FaceSearchResponse.MatchedFaces"
_DOCUMENTED: dict[str, Any] = {
    "InputInformation.KinesisVideo.StreamArn": "arn:aws:kinesisvideo:us-west-2:nnnnnnnnnnnn:stream/stream-name",
    "InputInformation.KinesisVideo.FragmentNumber": "91343852333289682796718532614445757584843717598",
    "InputInformation.KinesisVideo.ServerTimestamp": 1510552593.455,
    "InputInformation.KinesisVideo.ProducerTimestamp": 1510552593.193,
    "InputInformation.KinesisVideo.FrameOffsetInSeconds": 2,
    "StreamProcessorInformation.Status": "RUNNING",
    "FaceSearchResponse.DetectedFace.BoundingBox.Height": 0.075,
    "FaceSearchResponse.DetectedFace.BoundingBox.Width": 0.05625,
    "FaceSearchResponse.DetectedFace.BoundingBox.Left": 0.428125,
    "FaceSearchResponse.DetectedFace.BoundingBox.Top": 0.40833333,
    "FaceSearchResponse.DetectedFace.Confidence": 99.975174,
    "FaceSearchResponse.DetectedFace.Landmarks": [],
    "FaceSearchResponse.DetectedFace.Landmarks.X": 0.4452057,
    "FaceSearchResponse.DetectedFace.Landmarks.Y": 0.4395594,
    "FaceSearchResponse.DetectedFace.Landmarks.Type": "eyeLeft",
    "FaceSearchResponse.DetectedFace.Pose.Pitch": 2.9691637,
    "FaceSearchResponse.DetectedFace.Pose.Roll": -6.8904796,
    "FaceSearchResponse.DetectedFace.Pose.Yaw": 23.84388,
    "FaceSearchResponse.DetectedFace.Quality.Brightness": 40.592964,
    "FaceSearchResponse.DetectedFace.Quality.Sharpness": 96.09616,
    f"{_MATCHED}.Similarity": 88.863960,
    f"{_MATCHED}.Face.BoundingBox.Height": 0.557692,
    f"{_MATCHED}.Face.BoundingBox.Width": 0.749838,
    f"{_MATCHED}.Face.BoundingBox.Left": 0.103426,
    f"{_MATCHED}.Face.BoundingBox.Top": 0.206731,
    f"{_MATCHED}.Face.FaceId": "ed1b560f-d6af-5158-989a-ff586c931545",
    f"{_MATCHED}.Face.Confidence": 99.999201,
    f"{_MATCHED}.Face.ImageId": "70e09693-2114-57e1-807c-50b6d61fa4dc",
    f"{_MATCHED}.Face.ExternalImageId": "matchedImage.jpeg",
}
"""AWS's example, by the path of each field; a field of a list's members has the path of the list before its own."""
_LEFT_OUT = (
    "InputInformation.KinesisVideo.FragmentNumber",
    "FaceSearchResponse.DetectedFace.Confidence",
    "FaceSearchResponse.DetectedFace.Landmarks.",
    "FaceSearchResponse.DetectedFace.Pose.",
    "FaceSearchResponse.DetectedFace.Quality.",
    f"{_MATCHED}.Face.BoundingBox.",
    f"{_MATCHED}.Face.Confidence",
    f"{_MATCHED}.Face.FaceId",
    f"{_MATCHED}.Face.ImageId",
)
"""What Portero does not know; WEBHOOK.md says so of each."""
_SEEN, _TOLD = NOON + timedelta(seconds=1.5), NOON + timedelta(seconds=2.25)


def _event(person: str | None) -> SightingEvent:
    seen = replace(
        sighting("s7", "door", person),
        last_seen=_SEEN,
        similarity=0.8886396 if person else 0.0,
        box=Box(0.428125, 0.40833333, 0.05625, 0.075),
    )
    return SightingEvent(42, SightingEventKind.STARTED, seen, _TOLD)


def _fields(value: Any, path: str = "") -> dict[str, Any]:
    """Returns the leaves by path; an empty list is one."""
    if isinstance(value, dict):
        return {
            name: leaf
            for key, each in value.items()
            for name, leaf in _fields(each, f"{path}.{key}".lstrip(".")).items()
        }
    if isinstance(value, list) and value:
        return {name: leaf for each in value for name, leaf in _fields(each, path).items()}
    return {path: value}


def test_a_record_has_the_fields_that_aws_documents_and_no_other() -> None:
    """At the documented place, of the documented type; what is missing is listed."""
    fields = _fields(stream_processor_record(_event("ana")))
    missing = {name for name in _DOCUMENTED if name.startswith(_LEFT_OUT)}
    assert set(fields) == set(_DOCUMENTED) - missing
    for name, value in fields.items():
        like = _DOCUMENTED[name]
        kinds = (int, float) if isinstance(like, int | float) else type(like)
        assert isinstance(value, kinds), name


def test_values_have_the_documented_units() -> None:
    """Ratios of the frame, percent, and seconds since 1970; timestamp and offset together are when it was taken."""
    fields = _fields(stream_processor_record(_event("ana")))
    video = "InputInformation.KinesisVideo"
    for same in (name for name in fields if ".BoundingBox." in name or name.endswith((".Status", ".Similarity"))):
        assert fields[same] == _DOCUMENTED[same], same
    assert fields[f"{video}.ProducerTimestamp"] + fields[f"{video}.FrameOffsetInSeconds"] == _SEEN.timestamp()
    assert fields[f"{video}.ServerTimestamp"] == _TOLD.timestamp()
    assert fields[f"{video}.StreamArn"] == "cameras/door"
    assert fields[f"{_MATCHED}.Face.ExternalImageId"] == "ana"


def test_a_stranger_is_a_face_without_matches() -> None:
    """As AWS has it of a face that is in no collection."""
    record = stream_processor_record(_event(None))
    assert record["FaceSearchResponse"] == [
        {
            "DetectedFace": {
                "BoundingBox": {"Height": 0.075, "Width": 0.05625, "Left": 0.428125, "Top": 0.40833333},
                "Landmarks": [],
            },
            "MatchedFaces": [],
        }
    ]


def test_a_trial_is_a_frame_without_faces() -> None:
    """Of no camera, with every part of a record."""
    record, usual = trial_record(NOON), stream_processor_record(_event("ana"))
    assert record["FaceSearchResponse"] == []
    assert record["StreamProcessorInformation"] == usual["StreamProcessorInformation"]
    assert set(record["InputInformation"]["KinesisVideo"]) == set(usual["InputInformation"]["KinesisVideo"])
    assert record["InputInformation"]["KinesisVideo"]["StreamArn"] == ""
