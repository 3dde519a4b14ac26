"""A paid engine with a free one behind it, which learns the same faces.

The free one is there to remember faces for a moment and to answer when the money is used up; for both its faces must
be known beforehand. One stored face holds what both keep: the paid one's id and the free one's embedding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from portero_server.domain.detection.detections import Text
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
)
from portero_server.errors import EngineError

_log = structlog.get_logger(__name__)


class BackedEngine:
    """Answers as the paid engine does; teaches both."""

    def __init__(self, paid: Engine, free: Engine) -> None:
        """Takes over two engines and closes them in the end."""
        self.paid = paid
        self.free = free

    @property
    def traits(self) -> EngineTraits:
        """Those of the paid engine. The model version names both, since a stored face holds what both made of it."""
        paid = self.paid.traits
        return replace(paid, model_version=f"{paid.model_version}+{self.free.traits.model_version}")

    async def identify(self, crops: Sequence[FaceCrop]) -> Sequence[Identification | EngineError]:
        """Asks the paid engine."""
        return await self.paid.identify(crops)

    async def search(self, image: Pixels, max_candidates: int, context: CallContext) -> Sequence[SearchedFace]:
        """Asks the paid engine."""
        return await self.paid.search(image, max_candidates, context)

    async def learn(self, image: Pixels, person_id: str, face_id: str, context: CallContext) -> LearnedFace:
        """Teaches the paid engine, then the free one.

        A photograph that only the free one refuses is learned without it: its person is then known to the paid
        engine alone.

        Raises:
            PhotoRefused: The paid engine refuses the photograph.
        """
        learned = await self.paid.learn(image, person_id, face_id, context)
        version = self.traits.model_version
        try:
            own = await self.free.learn(image, person_id, face_id, context)
        except PhotoRefused as refusal:
            _log.warning("face_unknown_to_free_engine", face=face_id, reason=refusal.reason)
            return replace(learned, model_version=version)
        return replace(learned, model_version=version, embedding=own.embedding)

    async def add(self, faces: Iterable[GalleryFace]) -> None:
        """Makes stored faces findable by both."""
        added = tuple(faces)
        await self.paid.add(added)
        await self.free.add(_embedded(added))

    async def remove(self, faces: Iterable[GalleryFace]) -> None:
        """Forgets faces in both."""
        removed = tuple(faces)
        # First where it cannot fail, so that nobody who was erased is named by either for longer than need be.
        await self.free.remove(removed)
        await self.paid.remove(removed)

    async def load(self, faces: Iterable[GalleryFace]) -> None:
        """Replaces the gallery of both."""
        loaded = tuple(faces)
        await self.paid.load(loaded)
        await self.free.load(_embedded(loaded))

    async def compare(self, source: Pixels, target: Pixels, context: CallContext) -> Comparison:
        """Asks the paid engine."""
        return await self.paid.compare(source, target, context)

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Asks the paid engine."""
        return await self.paid.read_text(image, context)

    async def check(self) -> None:
        """Proves that both can work now."""
        await self.paid.check()
        await self.free.check()

    async def aclose(self) -> None:
        """Lets go of both."""
        await self.paid.aclose()
        await self.free.aclose()


def _embedded(faces: Sequence[GalleryFace]) -> list[GalleryFace]:
    return [face for face in faces if face.embedding is not None]
