"""A stream processor of a face search, as AWS takes and tells it."""

from __future__ import annotations

from typing import Any

VIDEO = "arn:aws:kinesisvideo:us-east-1:123456789012:stream/Lobby_1/1530559711205"
RESULTS = "arn:aws:kinesis:us-east-1:123456789012:stream/AmazonRekognitionResults"
ROLE = "arn:aws:iam::123456789012:role/rekognition"


def request_of(name: str = "lobby", collection: str = "portero", **changes: Any) -> dict[str, Any]:
    """Returns a request of CreateStreamProcessor, with some members changed."""
    return {
        "Name": name,
        "Input": {"KinesisVideoStream": {"Arn": VIDEO}},
        "Output": {"KinesisDataStream": {"Arn": RESULTS}},
        "RoleArn": ROLE,
        "Settings": {"FaceSearch": {"CollectionId": collection, "FaceMatchThreshold": 99.5}},
    } | changes


def region(left: float, top: float, width: float, height: float) -> dict[str, Any]:
    """Returns a region of interest that is a box."""
    return {"BoundingBox": {"Left": left, "Top": top, "Width": width, "Height": height}}


TRIANGLE = {"Polygon": [{"X": 0.0, "Y": 0.0}, {"X": 1.0, "Y": 0.0}, {"X": 0.5, "Y": 1.0}]}
"""A region of interest that is no box."""
