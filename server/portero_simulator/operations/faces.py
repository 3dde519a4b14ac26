"""The operations IndexFaces, ListFaces and DeleteFaces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from portero_server.domain.detection.detections import FoundFace
from portero_server.engines.rekognition.images import crop_alone
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.pixels import Pixels
from portero_simulator.details import MODEL_VERSION, face, face_detail
from portero_simulator.images import decoded
from portero_simulator.model import Document
from portero_simulator.pages import page
from portero_simulator.problems import invalid_parameters, no_collection
from portero_simulator.quality import shortcomings
from portero_simulator.recognizer import MOST_FACES
from portero_simulator.service import Service
from portero_simulator.store import Collection, FaceKey, StoredFace, new_id


@dataclass(frozen=True, slots=True)
class _Unindexed:
    found: FoundFace
    reasons: Sequence[str]


async def index_faces(service: Service, request: Document) -> Document:
    """Adds an image's faces to a collection; the same image with the same external id adds nothing."""
    collection = service.collections.get(request["CollectionId"])
    pixels = await decoded(request["Image"])
    chosen, left_out = _chosen(
        await service.recognizer.find(pixels),
        pixels,
        most=min(request.get("MaxFaces", MOST_FACES), MOST_FACES),
        quality_filter=request.get("QualityFilter", "AUTO"),
    )
    digest = hashlib.sha256(request["Image"]["Bytes"]).hexdigest()
    image_id = new_id()
    records = []
    for found in chosen:
        others = [other for other in chosen if other is not found] + [other.found for other in left_out]
        key = FaceKey(digest, request.get("ExternalImageId"), _place(found))
        stored = collection.known(key)
        if stored is None:
            stored = StoredFace(new_id(), image_id, key, found, _cut(pixels, found, others))
            await service.recognizer.learn(pixels, found, stored.face_id)
            stored = await _kept(service, collection, stored)
        records.append({"Face": face(stored), "FaceDetail": face_detail(found)})
    return {
        "FaceRecords": records,
        "FaceModelVersion": MODEL_VERSION,
        "UnindexedFaces": [
            {"Reasons": list(other.reasons), "FaceDetail": face_detail(other.found)} for other in left_out
        ],
    }


async def list_faces(service: Service, request: Document) -> Document:
    """Lists a collection's faces, page by page, in the order they came."""
    collection = service.collections.get(request["CollectionId"])
    if "UserId" in request and "FaceIds" in request:
        raise invalid_parameters()
    wanted = set(request.get("FaceIds", ()))
    if "UserId" in request:
        wanted = set(collection.user(request["UserId"]).faces)
    every = not wanted and "UserId" not in request
    faces = [stored for stored in collection.faces.values() if every or stored.face_id in wanted]
    shown, token = page(faces, request.get("NextToken"), request.get("MaxResults"))
    return {
        "Faces": [face(stored) | _owner(collection, stored.face_id) for stored in shown],
        "FaceModelVersion": MODEL_VERSION,
        **({"NextToken": token} if token else {}),
    }


async def delete_faces(service: Service, request: Document) -> Document:
    """Deletes faces; reports the ones that do not exist, and those that belong to a user, which stay."""
    collection = service.collections.get(request["CollectionId"])
    owners = {face_id: collection.user_of(face_id) for face_id in request["FaceIds"]}
    free = [face_id for face_id, owner in owners.items() if owner is None]
    deleted = [face_id for face_id in free if collection.remove(face_id)]
    await service.recognizer.forget(deleted)
    missing = [{"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]} for face_id in free if face_id not in deleted]
    owned = [
        {"FaceId": face_id, "UserId": owner, "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
        for face_id, owner in owners.items()
        if owner is not None
    ]
    return {
        # The model allows no empty list here.
        **({"DeletedFaces": deleted} if deleted else {}),
        "UnsuccessfulFaceDeletions": [*missing, *owned],
    }


def _chosen(
    faces: Sequence[FoundFace], pixels: Pixels, *, most: int, quality_filter: str
) -> tuple[list[FoundFace], list[_Unindexed]]:
    """Drops faces of low quality first, then the smallest beyond `most`; `faces` come largest first."""
    height, width = pixels.shape[:2]
    good: list[FoundFace] = []
    left_out: list[_Unindexed] = []
    for found in faces:
        reasons = shortcomings(found, quality_filter, width, height)
        if len(good) == most:
            reasons = ["EXCEEDS_MAX_FACES", *reasons]
        if reasons:
            left_out.append(_Unindexed(found, reasons))
        else:
            good.append(found)
    return good, left_out


async def _kept(service: Service, collection: Collection, stored: StoredFace) -> StoredFace:
    """Adds a learned face to its collection, unless a concurrent request added it or deleted the collection."""
    winner = collection.known(stored.key)
    if winner is None and service.collections.holds(collection):
        collection.add(stored)
        return stored
    await service.recognizer.forget([stored.face_id])
    if winner is None:
        raise no_collection(collection.collection_id)
    return winner


def _cut(pixels: Pixels, found: FoundFace, others: Sequence[FoundFace]) -> bytes:
    return encode_jpeg(crop_alone(pixels, found.box, [other.box for other in others]).pixels)


def _owner(collection: Collection, face_id: str) -> dict[str, str]:
    owner = collection.user_of(face_id)
    return {} if owner is None else {"UserId": owner}


def _place(found: FoundFace) -> tuple[float, float, float, float]:
    box = found.box
    return box.left, box.top, box.width, box.height
