"""The operations CreateUser, DeleteUser, ListUsers, AssociateFaces and DisassociateFaces.

A user of a collection is a set of faces of one person. Nothing is searched for users here.
"""

from __future__ import annotations

from portero_simulator.model import Document
from portero_simulator.pages import page
from portero_simulator.problems import ApiProblem
from portero_simulator.service import Service

_MOST_FACES = 100


async def create_user(service: Service, request: Document) -> Document:
    """Adds a user without faces to a collection."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    if user_id in collection.users:
        raise ApiProblem("ConflictException", f"The user id: {user_id} already exists")
    collection.users[user_id] = []
    return {}


async def delete_user(service: Service, request: Document) -> Document:
    """Deletes a user; the faces stay in the collection, and belong to nobody."""
    collection = service.collections.get(request["CollectionId"])
    collection.faces_of(request["UserId"])
    del collection.users[request["UserId"]]
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
    """Makes faces a user's; reports those that do not exist, or are another user's."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    faces = collection.faces_of(user_id)
    done: list[str] = []
    failed: list[Document] = []
    for face_id in dict.fromkeys(request["FaceIds"]):
        owner = collection.user_of(face_id)
        if owner == user_id:
            continue
        if face_id not in collection.faces:
            failed.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
        elif owner is not None:
            failed.append({"FaceId": face_id, "UserId": owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
        elif len(faces) + len(done) == _MOST_FACES:
            raise ApiProblem("ServiceQuotaExceededException", f"The user id: {user_id} has {_MOST_FACES} faces")
        else:
            done.append(face_id)
    faces += done
    return {
        "AssociatedFaces": [{"FaceId": face_id} for face_id in done],
        "UnsuccessfulFaceAssociations": failed,
        "UserStatus": _status(faces),
    }


async def disassociate_faces(service: Service, request: Document) -> Document:
    """Takes faces from a user; reports those that do not exist, or are another user's."""
    collection = service.collections.get(request["CollectionId"])
    user_id = request["UserId"]
    faces = collection.faces_of(user_id)
    done: list[str] = []
    failed: list[Document] = []
    for face_id in dict.fromkeys(request["FaceIds"]):
        owner = collection.user_of(face_id)
        if owner == user_id:
            faces.remove(face_id)
            done.append(face_id)
        elif face_id not in collection.faces:
            failed.append({"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]})
        elif owner is not None:
            failed.append({"FaceId": face_id, "UserId": owner, "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]})
    return {
        "DisassociatedFaces": [{"FaceId": face_id} for face_id in done],
        "UnsuccessfulFaceDisassociations": failed,
        "UserStatus": _status(faces),
    }


def _status(faces: list[str]) -> str:
    return "ACTIVE" if faces else "CREATED"
