"""Collections and their faces, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portero_server.domain.detection.detections import FoundFace
from portero_simulator.problems import ApiProblem, no_collection, no_user


@dataclass(frozen=True, slots=True)
class FaceKey:
    """Identifies a face when its image is indexed again: the image, its external id and the face's place in it."""

    image_digest: str
    external_image_id: str | None
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face in a collection. `crop` is a JPEG of it, to search with (SearchFaces)."""

    face_id: str
    image_id: str
    key: FaceKey
    found: FoundFace
    crop: bytes


@dataclass(slots=True)
class User:
    """A person of a collection.

    Attributes:
        faces: The ids of their faces, in the order in which they were associated.
        vector_id: Under which the recognizer knows all their faces as one; None: they have none.
    """

    faces: list[str] = field(default_factory=list)
    vector_id: str | None = None


@dataclass(slots=True)
class Collection:
    """A set of faces, in order of arrival."""

    collection_id: str
    arn: str
    created_at: datetime
    faces: dict[str, StoredFace] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    """By user id."""
    _by_key: dict[FaceKey, str] = field(default_factory=dict)

    def known(self, key: FaceKey) -> StoredFace | None:
        """Returns the face that was indexed from the same place of the same image, if it is still there."""
        face_id = self._by_key.get(key)
        return None if face_id is None else self.faces[face_id]

    def add(self, face: StoredFace) -> None:
        """Adds a face to the collection."""
        self.faces[face.face_id] = face
        self._by_key[face.key] = face.face_id

    def user_of(self, face_id: str) -> str | None:
        """Returns the user whose face it is; None: nobody's."""
        return next((user_id for user_id, user in self.users.items() if face_id in user.faces), None)

    def user(self, user_id: str) -> User:
        """Returns a user by id.

        Raises:
            ApiProblem: There is no such user.
        """
        try:
            return self.users[user_id]
        except KeyError:
            raise no_user(user_id) from None

    def remove(self, face_id: str) -> bool:
        """Removes a face. Returns whether it was there."""
        face = self.faces.pop(face_id, None)
        if face is None:
            return False
        del self._by_key[face.key]
        return True


class Collections:
    """All collections of the simulated account, whatever the region."""

    def __init__(self) -> None:
        self._collections: dict[str, Collection] = {}

    def create(self, collection_id: str, region: str, now: datetime) -> Collection:
        """Creates a collection without faces.

        Raises:
            ApiProblem: It exists.
        """
        if collection_id in self._collections:
            raise ApiProblem("ResourceAlreadyExistsException", f"The collection id: {collection_id} already exists")
        arn = f"aws:rekognition:{region}:000000000000:collection/{collection_id}"
        collection = Collection(collection_id, arn, now)
        self._collections[collection_id] = collection
        return collection

    def get(self, collection_id: str) -> Collection:
        """Returns a collection by its id.

        Raises:
            ApiProblem: It does not exist.
        """
        try:
            return self._collections[collection_id]
        except KeyError:
            raise no_collection(collection_id) from None

    def delete(self, collection_id: str) -> Collection:
        """Removes a collection and returns it, so that its faces can be removed from the engine.

        Raises:
            ApiProblem: It does not exist.
        """
        collection = self.get(collection_id)
        del self._collections[collection_id]
        return collection

    def holds(self, collection: Collection) -> bool:
        """Returns whether a collection still exists."""
        return self._collections.get(collection.collection_id) is collection

    def all(self) -> Sequence[Collection]:
        """Returns all collections, by name."""
        return sorted(self._collections.values(), key=lambda collection: collection.collection_id)


def new_id() -> str:
    """Returns an identifier of the form Rekognition uses for faces and images."""
    return str(uuid.uuid4())
