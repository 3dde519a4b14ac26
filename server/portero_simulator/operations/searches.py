"""The operations SearchFacesByImage and SearchFaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portero_simulator.details import MODEL_VERSION, bounding_box, face
from portero_simulator.images import decoded
from portero_simulator.model import Document
from portero_simulator.problems import ApiProblem, no_face
from portero_simulator.quality import shortcomings
from portero_simulator.recognizer import Likeness
from portero_simulator.service import Service
from portero_simulator.store import Collection

_THRESHOLD = 80.0
_MOST = 5
"""Rekognition's defaults."""


async def search_faces_by_image(service: Service, request: Document) -> Document:
    """Searches for the largest face of an image, and only for that one."""
    collection = service.collections.get(request["CollectionId"])
    pixels = await decoded(request["Image"])
    height, width = pixels.shape[:2]
    quality_filter = request.get("QualityFilter", "NONE")
    for seen in await service.recognizer.search(pixels, collection.faces):
        if not shortcomings(seen.found, quality_filter, width, height):
            return {
                "SearchedFaceBoundingBox": bounding_box(seen.found.box),
                "SearchedFaceConfidence": 100 * seen.found.confidence,
                "FaceMatches": _matches(collection, seen.likenesses, request),
                "FaceModelVersion": MODEL_VERSION,
            }
    raise no_face()


async def search_faces(service: Service, request: Document) -> Document:
    """Searches for a stored face; it is not among its own matches."""
    collection = service.collections.get(request["CollectionId"])
    face_id = request["FaceId"]
    stored = collection.faces.get(face_id)
    if stored is None:
        raise ApiProblem("InvalidParameterException", f"FaceId {face_id} is not found in the collection")
    crop = await decoded({"Bytes": stored.crop})
    faces = await service.recognizer.search(crop, [other for other in collection.faces if other != face_id])
    likenesses = faces[0].likenesses if faces else ()
    return {
        "SearchedFaceId": face_id,
        "FaceMatches": _matches(collection, likenesses, request),
        "FaceModelVersion": MODEL_VERSION,
    }


def _matches(collection: Collection, likenesses: Sequence[Likeness], request: Document) -> list[dict[str, Any]]:
    threshold = request.get("FaceMatchThreshold", _THRESHOLD)
    matches = [
        {"Similarity": likeness.similarity, "Face": face(collection.faces[likeness.face_id])}
        for likeness in likenesses
        # A face may have been deleted while the engine searched.
        if likeness.similarity >= threshold and likeness.face_id in collection.faces
    ]
    return matches[: request.get("MaxFaces", _MOST)]
