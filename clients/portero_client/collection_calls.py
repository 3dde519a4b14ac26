"""The collection methods of both clients. Every call raises PorteroError if it fails."""

from __future__ import annotations

from collections.abc import Sequence

from portero_client.calls import collections as calls
from portero_client.gallery_collections import AdoptedFace, GalleryCollections
from portero_client.listing import Ask, BlockingAsk


class Collections:
    """The collection in use, and the one that stands by; of an engine that keeps its faces in collections."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def prepare(self, collection: str, *, region: str = "") -> GalleryCollections:
        """Has a second collection stand by, and creates it if necessary; `people.rebuild_faces(standby=True)` fills it.

        Enrollments, deletions and erasures reach both from now on. Repeating it changes nothing. For admins.

        Raises:
            InvalidArgument: A name is malformed, or names the collection in use.
            FailedPrecondition: With reason STANDBY_EXISTS, another one stands by; NO_COLLECTION, the engine keeps none.
        """
        return await self._ask(calls.prepare(collection, region))

    async def get(self) -> GalleryCollections:
        """Returns which collection is in use, which stands by, and what that one lacks. For operators and admins."""
        return await self._ask(calls.get())

    async def switch(self, *, allow_missing: bool = False) -> GalleryCollections:
        """Puts the collection that stands by in use, and has the other one stand by: also the way back. For admins.

        Servers follow within seconds, without a restart. `allow_missing`: although people become unknown by it.

        Raises:
            FailedPrecondition: With reason NO_STANDBY, STANDBY_LOST or STANDBY_INCOMPLETE; says what to do.
        """
        return await self._ask(calls.switch(allow_missing=allow_missing))

    async def drop(self, collection: str) -> bool:
        """Removes the collection that stands by, with its faces, and returns whether it is gone. For admins.

        False: other programs' faces are in it, or the server may not delete collections; ours are gone all the same.
        """
        return await self._ask(calls.drop(collection))

    async def adopt(
        self, face_ids: Sequence[str], *, unnamed: bool = False, dry_run: bool = False
    ) -> tuple[AdoptedFace, ...]:
        """Makes faces that another program put into the collection in use those of people. For admins.

        Each ExternalImageId is one person, who is added if necessary. No photograph is needed, nothing is paid for, and
        no consent is recorded. Repeating it changes nothing.

        Args:
            face_ids: The engine's ids of the faces (Rekognition's FaceId), 1 to 1000.
            unnamed: Whether faces without an ExternalImageId are adopted too, each as a person of its own.
            dry_run: Whether it is only said what would become of each face.

        Returns:
            What became of each face, in order.

        Raises:
            InvalidArgument: There are none or too many, one is no FaceId, or one comes twice.
            FailedPrecondition: With reason NO_COLLECTION, the engine keeps none; COLLECTION_CHANGED, it was exchanged.
        """
        return await self._ask(calls.adopt(face_ids, unnamed=unnamed, dry_run=dry_run))


class BlockingCollections:
    """The collection in use, and the one that stands by; see Collections of the asynchronous client."""

    def __init__(self, ask: BlockingAsk) -> None:
        self._ask = ask

    def prepare(self, collection: str, *, region: str = "") -> GalleryCollections:
        """Has a second collection stand by, and creates it if necessary. For admins."""
        return self._ask(calls.prepare(collection, region))

    def get(self) -> GalleryCollections:
        """Returns which collection is in use, which stands by, and what that one lacks. For operators and admins."""
        return self._ask(calls.get())

    def switch(self, *, allow_missing: bool = False) -> GalleryCollections:
        """Puts the collection that stands by in use, and has the other one stand by. For admins."""
        return self._ask(calls.switch(allow_missing=allow_missing))

    def drop(self, collection: str) -> bool:
        """Removes the collection that stands by, with its faces, and returns whether it is gone. For admins."""
        return self._ask(calls.drop(collection))

    def adopt(
        self, face_ids: Sequence[str], *, unnamed: bool = False, dry_run: bool = False
    ) -> tuple[AdoptedFace, ...]:
        """Makes faces that another program put into the collection in use those of people. For admins."""
        return self._ask(calls.adopt(face_ids, unnamed=unnamed, dry_run=dry_run))
