"""The Rekognition collection that holds the gallery: creating, counting, listing, and deleting from it."""

from __future__ import annotations

from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.kept_faces import CollectionCount, KeptFace, parsed_image_id, parsed_user_id
from portero_server.engines.rekognition.answers import face_page
from portero_server.engines.rekognition.calls import RekognitionCalls
from portero_server.engines.rekognition.errors import (
    CollectionExists,
    CollectionMissing,
    is_user_changed,
    is_user_missing,
)
from portero_server.errors import EngineDenied, EngineError

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient
    from types_boto3_rekognition.type_defs import DeleteFacesResponseTypeDef

_MOST_DELETIONS = 4096
_MOST_DISASSOCIATIONS = 100
_PAGE = 1000
_LISTING = CallContext(None, Lane.ATTENDANCE)
_ASKING = CallContext(None, Lane.CHECK_IN)
"""Somebody waits for the enrollment that asks."""
_DELETING = CallContext(None, Lane.CHECK_IN)
"""Erasure is a legal promise and takes one call, so it does not wait behind recognitions."""


class Collection:
    """One collection in the account and region of the client."""

    def __init__(self, client: RekognitionClient, collection_id: str, caller: RekognitionCalls) -> None:
        self._client = client
        self._id = collection_id
        self._caller = caller

    async def ensure(self, *, create: bool) -> str:
        """Checks that the collection exists and returns the version of its face model.

        Bypasses the gate: the call is free, and must give a true answer while the gate is closed.

        Args:
            create: Whether a missing collection is created.

        Raises:
            CollectionMissing: It is, and is not to be created.
            EngineError: Rekognition cannot be asked; the message says why.
        """
        try:
            return (await self._describe()).model_version
        except CollectionMissing:
            if not create:
                raise CollectionMissing(
                    f"the Rekognition collection {self._id} does not exist in this account and region; "
                    "create it, or let `portero-server serve` do so with PORTERO_REKOGNITION_CREATE_COLLECTION=true"
                ) from None
        try:
            ask = partial(self._client.create_collection, CollectionId=self._id)
            return await self._caller.ungated("CreateCollection", ask, lambda answer: answer["FaceModelVersion"])
        except CollectionExists:
            # Another server process started at the same moment and was quicker.
            return (await self._describe()).model_version

    async def count(self) -> CollectionCount | None:
        """Returns how many faces the collection holds, and of which model; None: it does not exist.

        Bypasses the gate, as `ensure` does.

        Raises:
            EngineError: Rekognition cannot be asked; the message says why.
        """
        try:
            return await self._describe()
        except CollectionMissing:
            return None

    async def find(self, external_ids: Ids[str]) -> Sequence[KeptFace]:
        """Returns those of these faces that the collection holds; none if it does not exist.

        Raises:
            EngineError: Rekognition cannot be asked.
        """
        wanted, found = list(dict.fromkeys(external_ids)), dict[str, KeptFace]()
        for start in range(0, len(wanted), _PAGE):
            some = wanted[start : start + _PAGE]
            ask = partial(self._client.list_faces, CollectionId=self._id, FaceIds=some, MaxResults=_PAGE)
            try:
                page = await self._caller.call("ListFaces", _ASKING, ask, face_page)
            except CollectionMissing:
                return ()
            found.update((face.external_id, face) for face in page.faces)
        # Should the filter not be heeded, what was not asked for is no answer.
        return [found[external_id] for external_id in wanted if external_id in found]

    async def list_faces(self) -> Sequence[KeptFace]:
        """Returns every face of the collection.

        Raises:
            EngineError: A page could not be had.
        """
        faces: list[KeptFace] = []
        ask = partial(self._client.list_faces, CollectionId=self._id, MaxResults=_PAGE)
        page = await self._caller.call("ListFaces", _LISTING, ask, face_page)
        faces += page.faces
        while page.next_token is not None:
            page = await self._caller.call("ListFaces", _LISTING, partial(ask, NextToken=page.next_token), face_page)
            faces += page.faces
        return faces

    async def listed(self) -> Sequence[KeptFace] | None:
        """Returns every face of the collection; None: it does not exist.

        Raises:
            EngineError: A page could not be had.
        """
        try:
            return await self.list_faces()
        except CollectionMissing:
            return None

    async def delete(self, external_ids: Sequence[str]) -> None:
        """Deletes faces by their FaceId; those the collection does not hold are passed over.

        A face that belongs to a user of the collection is taken from that user first, since Rekognition keeps it
        otherwise. A person who is then left without a face is not a user any more.

        Raises:
            EngineError: Some could not be deleted.
        """
        for start in range(0, len(external_ids), _MOST_DELETIONS):
            some = external_ids[start : start + _MOST_DELETIONS]
            kept = await self._delete(some)
            if owned := [face for face in kept if face.user_id]:
                await self._disassociate(owned)
                others = [face for face in kept if not face.user_id]
                kept = [*others, *await self._delete([face.face_id for face in owned])]
                await self._delete_empty(sorted({face.user_id for face in owned}))
            if kept:
                raise EngineError(f"Amazon Rekognition keeps {len(kept)} faces that were to be deleted")

    async def clear(self, adopted: Ids[str] = ()) -> bool:
        """Deletes our faces, then the collection if no other program's face is in it. Returns whether it is gone.

        Ours are those that we named, and the `adopted` ones, by FaceId. A server that may not delete collections leaves
        it empty.

        Raises:
            EngineError: Some could not be deleted.
        """
        try:
            faces = await self.list_faces()
            ours = [
                face.external_id
                for face in faces
                if face.external_id in adopted or parsed_image_id(face.image_id) is not None
            ]
            await self.delete(ours)
            if len(ours) < len(faces):
                return False
            ask = partial(self._client.delete_collection, CollectionId=self._id)
            await self._caller.call("DeleteCollection", _DELETING, ask, _ignored)
        except CollectionMissing:
            return True
        except EngineDenied:
            return False
        return True

    async def _delete(self, face_ids: Sequence[str]) -> Sequence[_Undeleted]:
        ask = partial(self._client.delete_faces, CollectionId=self._id, FaceIds=list(face_ids))
        return await self._caller.call("DeleteFaces", _DELETING, ask, _undeleted)

    async def _disassociate(self, faces: Sequence[_Undeleted]) -> None:
        by_user = sorted(faces, key=lambda face: face.user_id)
        for user_id, owned in groupby(by_user, key=lambda face: face.user_id):
            ids = [face.face_id for face in owned]
            for start in range(0, len(ids), _MOST_DISASSOCIATIONS):
                some = ids[start : start + _MOST_DISASSOCIATIONS]
                ask = partial(self._client.disassociate_faces, CollectionId=self._id, UserId=user_id, FaceIds=some)
                await self._caller.call_unless("DisassociateFaces", _DELETING, ask, _ignored, is_user_missing)

    async def _delete_empty(self, user_ids: Sequence[str]) -> None:
        """Deletes those of our users who have no face left: their ids name people."""
        for user_id in user_ids:
            if parsed_user_id(user_id) is None:
                continue
            ask = partial(self._client.list_faces, CollectionId=self._id, UserId=user_id, MaxResults=1)
            page = await self._caller.call_unless("ListFaces", _DELETING, ask, face_page, is_user_missing)
            if page is not None and not page.faces:
                delete = partial(self._client.delete_user, CollectionId=self._id, UserId=user_id)
                await self._caller.call_unless("DeleteUser", _DELETING, delete, _ignored, is_user_changed)

    async def _describe(self) -> CollectionCount:
        ask = partial(self._client.describe_collection, CollectionId=self._id)
        return await self._caller.ungated(
            "DescribeCollection", ask, lambda answer: CollectionCount(answer["FaceCount"], answer["FaceModelVersion"])
        )


@dataclass(frozen=True, slots=True)
class _Undeleted:
    """A face that was not deleted, and the user of the collection that it belongs to ("": none)."""

    face_id: str
    user_id: str


def _undeleted(answer: DeleteFacesResponseTypeDef) -> list[_Undeleted]:
    """Returns the faces that the collection still holds."""
    # Either list may be left out when it is empty, but half an answer must not pass for success.
    failed = (
        answer.get("UnsuccessfulFaceDeletions", ()) if "DeletedFaces" in answer else answer["UnsuccessfulFaceDeletions"]
    )
    return [
        _Undeleted(
            failure.get("FaceId", ""), failure.get("UserId", "") if _IN_USE in failure.get("Reasons", ()) else ""
        )
        for failure in failed
        if "FACE_NOT_FOUND" not in failure.get("Reasons", ())
    ]


def _ignored(_: object) -> None:
    """Reads an answer that says nothing, or whose failures the deletion that follows tells."""


_IN_USE = "ASSOCIATED_TO_AN_EXISTING_USER"
