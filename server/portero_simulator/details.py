"""The elements of responses: boxes, faces and texts in Rekognition's format."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.geometry import Box
from portero_simulator.store import StoredFace

MODEL_VERSION = "0.1"
"""Face model of all collections. Amazon's begin at 1.0, so that nobody mixes them up."""
_WELL_LIT, _STILL_DARK = 65.0, 40.0


def bounding_box(box: Box) -> dict[str, float]:
    """Returns the BoundingBox structure for a box."""
    return {"Left": box.left, "Top": box.top, "Width": box.width, "Height": box.height}


def box_of(bounding_box: Mapping[str, float]) -> Box:
    """Returns the box of a BoundingBox in a request; what is left out is 0."""
    return Box(*(bounding_box.get(name, 0.0) for name in ("Left", "Top", "Width", "Height")))


def polygon(box: Box) -> list[dict[str, float]]:
    """Returns the four corners of an upright box, from the top left clockwise."""
    corners = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    return [{"X": x, "Y": y} for x, y in corners]


def face_detail(found: FoundFace) -> dict[str, Any]:
    """Returns a FaceDetail (or ComparedFace) with the default attributes, except landmarks, which the engine keeps."""
    quality = found.quality
    # The engine scores how frontal a face is and not where it looks: all of it is told as yaw.
    yaw = math.degrees(math.acos(max(0.0, min(1.0, quality.frontality))))
    return {
        "BoundingBox": bounding_box(found.box),
        "Confidence": _percent(found.confidence),
        "Pose": {"Roll": 0.0, "Yaw": yaw, "Pitch": 0.0},
        "Quality": {"Brightness": _brightness(quality.brightness), "Sharpness": _percent(quality.sharpness)},
    }


def face(stored: StoredFace) -> dict[str, Any]:
    """Returns the Face structure, as in collections."""
    external: Mapping[str, str] = (
        {} if stored.key.external_image_id is None else {"ExternalImageId": stored.key.external_image_id}
    )
    return {
        "FaceId": stored.face_id,
        "BoundingBox": bounding_box(stored.found.box),
        "ImageId": stored.image_id,
        "Confidence": _percent(stored.found.confidence),
        "IndexFacesModelVersion": MODEL_VERSION,
        **external,
    }


def _brightness(score: float) -> float:
    # The engine scores how well lit a face is, Amazon how bright; what is not well lit is taken for dark.
    return _WELL_LIT if score >= 1 else _STILL_DARK * max(0.0, score)


def _percent(ratio: float) -> float:
    return 100 * max(0.0, min(1.0, ratio))
