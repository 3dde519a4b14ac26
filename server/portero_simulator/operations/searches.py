"""The operations SearchFacesByImage, SearchFaces and SearchUsersByImage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from portero_simulator.details import MODEL_VERSION, bounding_box, face, face_detail
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


async def search_users_by_image(service: Service, request: Document) -> Document:
    """Searches for the user with the largest face of an image; one without a face is an answer, with no match."""
    collection = service.collections.get(request["CollectionId"])
    pixels = await decoded(request["Image"])
    height, width = pixels.shape[:2]
    quality_filter = request.get("QualityFilter", "NONE")
    users = {user.vector_id: user_id for user_id, user in collection.users.items() if user.vector_id is not None}
    searched: Document = {}
    matches: list[Document] = []
    unsearched: list[Document] = []
    for seen in await service.recognizer.search(pixels, users):
        reasons = shortcomings(seen.found, quality_filter, width, height)
        if reasons or searched:
            detail = face_detail(seen.found)
            unsearched.append({"FaceDetails": detail, "Reasons": list(reasons or ["FACE_NOT_LARGEST"])})
            continue
        searched = {"SearchedFace": {"FaceDetail": face_detail(seen.found)}}
        matches = _user_matches(users, seen.likenesses, request)
    return {"UserMatches": matches, "FaceModelVersion": MODEL_VERSION, "UnsearchedFaces": unsearched, **searched}


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


def _user_matches(users: Mapping[str, str], likenesses: Sequence[Likeness], request: Document) -> list[Document]:
    threshold = request.get("UserMatchThreshold", _THRESHOLD)
    matches = [
        {"Similarity": likeness.similarity, "User": {"UserId": users[likeness.face_id], "UserStatus": "ACTIVE"}}
        for likeness in likenesses
        if likeness.similarity >= threshold
    ]
    return matches[: request.get("MaxUsers", _MOST)]


def _matches(collection: Collection, likenesses: Sequence[Likeness], request: Document) -> list[dict[str, Any]]:
    threshold = request.get("FaceMatchThreshold", _THRESHOLD)
    matches = [
        {"Similarity": likeness.similarity, "Face": face(collection.faces[likeness.face_id])}
        for likeness in likenesses
        # A face may have been deleted while the engine searched.
        if likeness.similarity >= threshold and likeness.face_id in collection.faces
    ]
    return matches[: request.get("MaxFaces", _MOST)]
