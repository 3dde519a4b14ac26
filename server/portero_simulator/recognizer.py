"""The engine behind the simulator, adapted to Rekognition's operations.

All collections share the engine's one gallery, in which every face is a separate person, so that candidates are faces.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, FoundFace, Text
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Engine, FaceCrop, GalleryFace
from portero_server.errors import EngineError
from portero_server.vision.crops import crop_face
from portero_server.vision.pixels import Pixels
from portero_simulator.similarity import rekognition_similarity

_NOBODY = CallContext(camera_id=None, lane=Lane.VISITOR)
MOST_FACES = 100
"""Rekognition returns at most this many of an image's faces, the largest."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A face and its similarity to the one that was searched or compared, 0..100."""

    face_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class FaceInImage:
    """A face of an image, and similar stored faces, best first."""

    found: FoundFace
    likenesses: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class ComparedFace:
    """A face of a target image, and its similarity to the source's, 0..100."""

    found: FoundFace
    similarity: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The source's largest face and the target's faces, most alike first."""

    source: FoundFace
    faces: tuple[ComparedFace, ...]


class Recognizer:
    """Finds, enrolls, searches and compares faces, and reads text."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._gallery: dict[str, GalleryFace] = {}

    async def find(self, image: Pixels) -> Sequence[FoundFace]:
        """Returns an image's faces, largest first."""
        faces = await self._engine.search(image, 1, _NOBODY)
        return [searched.face for searched in faces[:MOST_FACES]]

    async def search(self, image: Pixels, among: Collection[str]) -> Sequence[FaceInImage]:
        """Returns an image's faces, largest first, with the stored faces each is like.

        Args:
            image: Height x width x 3, BGR.
            among: Identifiers of the stored faces that count.
        """
        faces = await self._engine.search(image, max(1, len(self._gallery)), _NOBODY)
        return [
            FaceInImage(searched.face, self._likenesses(searched.candidates, among)) for searched in faces[:MOST_FACES]
        ]

    async def learn(self, image: Pixels, face: FoundFace, face_id: str) -> None:
        """Learns one face of an image under an identifier, however good it is: judging that is the filter's.

        Raises:
            EngineError: The engine failed, or is of a kind that does not show what it learns.
        """
        crop = crop_face(image, face.box)
        identified = (await self._engine.identify([FaceCrop(crop.pixels, crop.face, face.quality, _NOBODY)]))[0]
        if isinstance(identified, EngineError):
            raise identified
        if identified.embedding is None:
            raise EngineError("an engine that gives no embeddings cannot stand behind the simulator")
        embedding = identified.embedding.astype("<f4").tobytes()
        stored = GalleryFace(face_id, face_id, embedding, external_id=None)
        await self._engine.add([stored])
        self._gallery[face_id] = stored

    async def fuse(self, vector_id: str, face_ids: Sequence[str]) -> None:
        """Learns the mean of faces under an identifier, which a search then finds as it finds a face.

        Args:
            vector_id: The identifier.
            face_ids: At least one face that was learned; what is no longer known is left out.
        """
        kept = [self._gallery[face_id].embedding for face_id in face_ids if face_id in self._gallery]
        embeddings = [np.frombuffer(embedding, "<f4") for embedding in kept if embedding is not None]
        if not embeddings:
            return
        mean = np.mean(embeddings, axis=0).astype("<f4").tobytes()
        fused = GalleryFace(vector_id, vector_id, mean, external_id=None)
        await self._engine.add([fused])
        self._gallery[vector_id] = fused

    async def forget(self, face_ids: Sequence[str]) -> None:
        """Removes faces; unknown ones are ignored."""
        known = [self._gallery.pop(face_id) for face_id in face_ids if face_id in self._gallery]
        await self._engine.remove(known)

    async def compare(self, source: Pixels, target: Pixels) -> Comparison | None:
        """Compares the largest face of one image with all faces of another. Returns None if either has no face."""
        sources, targets = await self.find(source), await self.find(target)
        if not sources or not targets:
            return None
        comparison = await self._engine.compare(source, target, _NOBODY)
        compared = [
            ComparedFace(_nearest(targets, face.box), self._similarity(face.similarity)) for face in comparison.faces
        ]
        return Comparison(_nearest(sources, comparison.source_box), tuple(compared))

    async def read(self, image: Pixels) -> Sequence[Text]:
        """Returns an image's lines and words, in reading order."""
        return await self._engine.read_text(image, _NOBODY)

    async def aclose(self) -> None:
        """Closes the engine."""
        await self._engine.aclose()

    def _likenesses(self, candidates: Sequence[Candidate], among: Collection[str]) -> tuple[Likeness, ...]:
        return tuple(
            Likeness(candidate.person_id, self._similarity(candidate.similarity))
            for candidate in candidates
            if candidate.person_id in among
        )

    def _similarity(self, similarity: float) -> float:
        return rekognition_similarity(similarity, self._engine.traits.policy)


def _nearest(faces: Sequence[FoundFace], box: Box) -> FoundFace:
    return max(faces, key=lambda face: face.box.iou(box))
