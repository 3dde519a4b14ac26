"""A collection of faces and the rows that should be in it, both in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from portero_server.domain.people.collection import CollectionCount, KeptFace, Known, StoredFace, image_id
from portero_server.domain.people.people import FaceModel


def kept_face(face: StoredFace) -> KeptFace:
    """Returns a stored face as the collection has it."""
    return KeptFace(str(face.external_id), image_id(face.person_id, face.face_id))


class KeptCollection:
    """Implements CollectionKeeper, reads the stored faces, and has what servers know of both.

    Attributes:
        kept: What the collection holds; None: it does not exist.
        stored: The rows.
        other_models: Faces of people who have none of the model in use.
        version: Of the collection's face model.
        listings: How often the collection was listed.
        counts: How often it was described.
        unsearched: How many of its faces no search finds.
        failing: What the collection raises instead of being described.
    """

    def __init__(self, kept: Iterable[KeptFace] | None, stored: Iterable[StoredFace]) -> None:
        self.kept = None if kept is None else list(kept)
        self.stored = list(stored)
        self.other_models = 0
        self.version = "7.0"
        self.listings = self.counts = 0
        self.failing: Exception | None = None
        self.last: Known | None = None
        self._claimed: datetime | None = None
        self.unsearched = 0
        self.tell: Callable[[], None] = lambda: None

    async def count(self) -> CollectionCount | None:
        """Describes the collection."""
        self.counts += 1
        if self.failing is not None:
            raise self.failing
        return None if self.kept is None else CollectionCount(len(self.kept), self.version)

    async def listed(self) -> Sequence[KeptFace] | None:
        """Lists the collection."""
        self.listings += 1
        return None if self.kept is None else tuple(self.kept)

    async def list_faces(self) -> Sequence[KeptFace]:
        """Lists the collection."""
        return await self.listed() or ()

    async def held(self, external_ids: Collection[str]) -> frozenset[str]:
        """Returns the ids of those that it holds."""
        return frozenset(face.external_id for face in await self.find(external_ids))

    async def find(self, external_ids: Collection[str]) -> Sequence[KeptFace]:
        """Returns those that it holds."""
        return [face for face in self.kept or () if face.external_id in external_ids]

    async def remove_orphans(self, faces: Iterable[KeptFace]) -> None:
        """Removes faces."""
        gone = list(faces)
        self.kept = [face for face in self.kept or () if face not in gone]

    async def restore(self) -> bool:
        """Creates the collection."""
        if self.kept is not None:
            return False
        self.kept = []
        return True

    async def complete(self) -> int:
        """Makes faces searchable."""
        completed, self.unsearched = self.unsearched, 0
        return completed

    def tell_loss(self, tell: Callable[[], None]) -> None:
        """Remembers whom to tell."""
        self.tell = tell

    def enroll(self, face: StoredFace) -> None:
        """Puts a face into both."""
        assert self.kept is not None
        self.kept.append(kept_face(face))
        self.stored.append(face)

    async def faces(self, engine: str) -> AsyncIterator[StoredFace]:
        """Yields the rows."""
        for face in self.stored:
            yield face

    async def count_other_models(self, model: FaceModel) -> int:
        """Counts the faces of people whom the model does not know."""
        return self.other_models

    async def claim(self, now: datetime, spacing: timedelta) -> bool:
        """Claims a look."""
        if self._claimed is not None and now - self._claimed < spacing:
            return False
        self._claimed = now
        return True

    async def known(self) -> Known | None:
        """Returns what was stored."""
        return self.last

    async def save(self, known: Known) -> None:
        """Stores what was found."""
        self.last = known

    async def count_stored(self, model: FaceModel) -> int:
        """Counts the rows of a model."""
        return sum(face.model_version == model.version for face in self.stored)
