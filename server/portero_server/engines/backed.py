"""A paid engine backed by a free one that learns the same faces.

The free one remembers faces for a short time and answers when the budget is spent; for both it must know the faces
beforehand. One stored face holds the data of both: the paid engine's id and the free engine's embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from portero_server.domain.detection.detections import FoundFace, Text
from portero_server.engines.base import (
    CallContext,
    Comparison,
    Engine,
    EngineTraits,
    FaceCrop,
    GalleryFace,
    Identification,
    LearnedFace,
    PhotoRefused,
    Pixels,
    SearchedFace,
    SimilarPeople,
)
from portero_server.errors import EngineError

_log = structlog.get_logger(__name__)


class BackedEngine:
    """Answers with the paid engine, and teaches both engines."""

    def __init__(self, paid: Engine, free: Engine) -> None:
        """Takes ownership of two engines, and closes both in `aclose`."""
        self.paid = paid
        self.free = free

    @property
    def traits(self) -> EngineTraits:
        """The traits of the paid engine.

        The model version names both models, since a stored face holds data of both.
        """
        paid = self.paid.traits
        return replace(paid, model_version=f"{paid.model_version}+{self.free.traits.model_version}")

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Identifies faces with the paid engine."""
        return await self.paid.identify(crops)

    async def detect(self, image: Pixels, context: CallContext) -> Sequence[FoundFace]:
        """Detects faces with the paid engine."""
        return await self.paid.detect(image, context)

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Searches with the paid engine."""
        return await self.paid.search(image, max_candidates, context)

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Enrolls a face in the paid engine, then in the free one.

        A photograph that only the free engine refuses is enrolled without it, so that the person is known to the paid
        engine alone.

        Raises:
            PhotoRefused: The paid engine refuses the photograph.
        """
        learned = await self.paid.learn(image, person_id, face_id, context)
        # The model of what was learned: the paid engine may use another collection by now.
        version = f"{learned.model_version}+{self.free.traits.model_version}"
        try:
            own = await self.free.learn(image, person_id, face_id, context)
        except PhotoRefused as refusal:
            _log.warning("face_unknown_to_free_engine", face=face_id, reason=refusal.reason)
            return replace(learned, model_version=version)
        return replace(learned, model_version=version, embedding=own.embedding)

    async def similar(self, face: GalleryFace, max_candidates: int, context: CallContext) -> SimilarPeople:
        """Asks the free engine if it knows the face, else the paid one."""
        engine = self.paid if face.embedding is None else self.free
        return await engine.similar(face, max_candidates, context)

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes stored faces searchable in both."""
        added = tuple(faces)
        await self.paid.add(added)
        await self.free.add(_embedded(added))

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Removes faces from both."""
        removed = tuple(faces)
        # The free engine first, since it cannot fail: an erased person should not be named longer than necessary.
        await self.free.remove(removed)
        await self.paid.remove(removed)

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the gallery of both."""
        loaded = tuple(faces)
        await self.paid.load(loaded)
        await self.free.load(_embedded(loaded))

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Compares with the paid engine."""
        return await self.paid.compare(source, target, context)

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Reads text with the paid engine."""
        return await self.paid.read_text(image, context)

    async def check(self) -> None:
        """Checks that both engines work now."""
        await self.paid.check()
        await self.free.check()

    async def aclose(self) -> None:
        """Closes both engines."""
        await self.paid.aclose()
        await self.free.aclose()


def _embedded(faces: Sequence[GalleryFace]) -> list[GalleryFace]:
    return [face for face in faces if face.embedding is not None]
