"""An event as the record that a face search of Rekognition's stream processors writes to its Kinesis data stream.

The form is AWS's: docs.aws.amazon.com/rekognition/latest/dg/streaming-video-kinesis-output-reference.html. What Portero
does not know has the neutral value of its type where that claims nothing, and is left out where any value would claim
something. WEBHOOK.md says of each field which of it holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portero_server.domain.recording.sightings import Sighting, SightingEvent

_PERCENT = 100.0
_RUNNING = "RUNNING"
"""The only status that AWS documents."""


def stream_processor_record(event: SightingEvent) -> dict[str, Any]:
    """Returns the record of one face in one frame: that in which the event's sighting was seen last.

    Boxes are ratios of the frame, times are seconds since 1970, similarities are 0 to 100.
    """
    sighting = event.sighting
    faces = [{"DetectedFace": _detected(sighting), "MatchedFaces": _matched(sighting)}]
    return _record(f"cameras/{sighting.camera_id}", sighting.last_seen, event.happened_at, faces)


def trial_record(now: datetime) -> dict[str, Any]:
    """Returns a record that is only sent to try: of a frame without faces, of no camera."""
    return _record("", now, now, [])


def _record(camera: str, seen: datetime, told: datetime, faces: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "InputInformation": {
            "KinesisVideo": {
                # There is no Kinesis video stream. Consumers tell streams apart by it, so it is the camera's name.
                "StreamArn": camera,
                # No FragmentNumber: video would be fetched by it, and there is none.
                "ProducerTimestamp": _seconds(seen),
                "ServerTimestamp": _seconds(told),
                # Each frame is a fragment of its own: timestamp and offset together are when it was taken.
                "FrameOffsetInSeconds": 0,
            }
        },
        "StreamProcessorInformation": {"Status": _RUNNING},
        "FaceSearchResponse": faces,
    }


def _detected(sighting: Sighting) -> dict[str, Any]:
    box = sighting.box
    return {
        "BoundingBox": {"Height": box.height, "Width": box.width, "Left": box.left, "Top": box.top},
        # No Confidence, Pose and Quality: they are not stored, and any number would be a claim.
        "Landmarks": [],
    }


def _matched(sighting: Sighting) -> list[dict[str, Any]]:
    if sighting.person_id is None:
        return []
    # Who it is, and not by which photograph: no FaceId, ImageId, and nothing of the face in the photograph.
    return [
        {
            "Similarity": round(sighting.similarity * _PERCENT, 6),
            "Face": {"ExternalImageId": sighting.person_id},
        }
    ]


def _seconds(moment: datetime) -> float:
    return round(moment.timestamp(), 3)
