"""The Rekognition collection that holds the gallery: creating, listing, and deleting from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from portero_server.domain.cameras import Lane
from portero_server.engines.base import CallContext
from portero_server.engines.kept_faces import KeptFace
from portero_server.engines.rekognition.answers import face_page
from portero_server.engines.rekognition.calls import RekognitionCalls
from portero_server.engines.rekognition.errors import CollectionExists, CollectionMissing
from portero_server.errors import EngineError

if TYPE_CHECKING:
    from types_boto3_rekognition.client import RekognitionClient
    from types_boto3_rekognition.type_defs import DeleteFacesResponseTypeDef

_MOST_DELETIONS = 4096
_PAGE = 1000
_LISTING = CallContext(None, Lane.ATTENDANCE)
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
            return await self._describe()
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
            return await self._describe()

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

    async def delete(self, external_ids: Sequence[str]) -> None:
        """Deletes faces by their FaceId; those the collection does not hold are passed over.

        Raises:
            EngineError: Some could not be deleted.
        """
        for start in range(0, len(external_ids), _MOST_DELETIONS):
            some = list(external_ids[start : start + _MOST_DELETIONS])
            ask = partial(self._client.delete_faces, CollectionId=self._id, FaceIds=some)
            kept = await self._caller.call("DeleteFaces", _DELETING, ask, _kept)
            if kept:
                raise EngineError(f"Amazon Rekognition keeps {kept} faces that were to be deleted")

    async def _describe(self) -> str:
        ask = partial(self._client.describe_collection, CollectionId=self._id)
        return await self._caller.ungated("DescribeCollection", ask, lambda answer: answer["FaceModelVersion"])


def _kept(answer: DeleteFacesResponseTypeDef) -> int:
    """Returns how many faces were not deleted."""
    # Either list may be left out when it is empty, but half an answer must not pass for success.
    failed = (
        answer.get("UnsuccessfulFaceDeletions", ()) if "DeletedFaces" in answer else answer["UnsuccessfulFaceDeletions"]
    )
    return sum("FACE_NOT_FOUND" not in failure.get("Reasons", ()) for failure in failed)
