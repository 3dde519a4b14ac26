"""The operations CreateUser, DeleteUser, ListUsers, AssociateFaces and DisassociateFaces.

A user of a collection is a set of faces of one person, which the recognizer knows as one.
"""

from __future__ import annotations

from portero_simulator.images import decoded
from portero_simulator.model import Document
from portero_simulator.pages import page
from portero_simulator.problems import ApiProblem
from portero_simulator.service import Service
from portero_simulator.store import Collection, User, new_id

_MOST_FACES = 100
_THRESHOLD = 75.0
"""Rekognition's default."""


async def create_user(service: Service, request: Document) -> Document:
    """Adds a user without faces to a collection."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    if user_id in collection.users:
        raise ApiProblem("ConflictException", f"The user id: {user_id} already exists")
    collection.users[user_id] = User()
    return {}


async def delete_user(service: Service, request: Document) -> Document:
    """Deletes a user; the faces stay in the collection, and belong to nobody."""
    collection = service.collections.get(request["CollectionId"])
    user = collection.user(request["UserId"])
    del collection.users[request["UserId"]]
    user.faces.clear()
    await _fuse(service, user)
    return {}


async def list_users(service: Service, request: Document) -> Document:
    """Lists the users of a collection, page by page, in the order they came."""
    collection = service.collections.get(request["CollectionId"])
    shown, token = page(list(collection.users), request.get("NextToken"), request.get("MaxResults"))
    return {
        "Users": [{"UserId": user_id, "UserStatus": _status(collection.users[user_id])} for user_id in shown],
        **({"NextToken": token} if token else {}),
    }


async def associate_faces(service: Service, request: Document) -> Document:
    """Makes faces a user's; reports those that do not exist, are another user's, or are unlike the user's."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    user = collection.user(user_id)
    threshold = request.get("UserMatchThreshold", _THRESHOLD)
    done: list[str] = []
    failed: list[Document] = []
    for face_id in dict.fromkeys(request["FaceIds"]):
        likeness = await _likeness(service, collection, user, face_id)
        owner = collection.user_of(face_id)
        if owner == user_id:
            continue
        if face_id not in collection.faces:
            failed.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
        elif owner is not None:
            failed.append({"FaceId": face_id, "UserId": owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
        elif likeness < threshold:
            failed.append(
                {"FaceId": face_id, "UserId": user_id, "Confidence": likeness, "Reasons": ["LOW_MATCH_CONFIDENCE"]}
            )
        elif len(user.faces) == _MOST_FACES:
            raise ApiProblem("ServiceQuotaExceededException", f"The user id: {user_id} has {_MOST_FACES} faces")
        else:
            user.faces.append(face_id)
            done.append(face_id)
    if done:
        await _fuse(service, user)
    return {
        "AssociatedFaces": [{"FaceId": face_id} for face_id in done],
        "UnsuccessfulFaceAssociations": failed,
        "UserStatus": _status(user),
    }


async def disassociate_faces(service: Service, request: Document) -> Document:
    """Takes faces from a user; reports those that do not exist, or are another user's."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    user = collection.user(user_id)
    done: list[str] = []
    failed: list[Document] = []
    for face_id in dict.fromkeys(request["FaceIds"]):
        owner = collection.user_of(face_id)
        if owner == user_id:
            user.faces.remove(face_id)
            done.append(face_id)
        elif face_id not in collection.faces:
            failed.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
        elif owner is not None:
            failed.append({"FaceId": face_id, "UserId": owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
    if done:
        await _fuse(service, user)
    return {
        "DisassociatedFaces": [{"FaceId": face_id} for face_id in done],
        "UnsuccessfulFaceDisassociations": failed,
        "UserStatus": _status(user),
    }


async def _fuse(service: Service, user: User) -> None:
    """Has the recognizer know the faces that a user has now as one, and no longer those they had."""
    before, user.vector_id = user.vector_id, new_id() if user.faces else None
    if user.vector_id is not None:
        await service.recognizer.fuse(user.vector_id, user.faces)
    if before is not None:
        await service.recognizer.forget([before])


async def _likeness(service: Service, collection: Collection, user: User, face_id: str) -> float:
    """Returns how similar a face is to those of a user, 0..100; 100 if they have none, or it does not exist."""
    stored = collection.faces.get(face_id)
    if stored is None or user.vector_id is None or face_id in user.faces:
        return 100.0
    crop = await decoded({"Bytes": stored.crop})
    faces = await service.recognizer.search(crop, [user.vector_id])
    return max((likeness.similarity for likeness in faces[0].likenesses), default=0.0) if faces else 0.0


def _status(user: User) -> str:
    return "ACTIVE" if user.faces else "CREATED"
