"""Answers questions about single images: who is on it, whether two show the same person, what text it has.

Stores nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Candidate, FoundFace, Match, MatchPolicy, Text, decide
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Engine, SearchedFace
from portero_server.vision.photo import decode_photo

MAX_CANDIDATES = 20
"""Most candidates given for a face."""

# The margin is a lead over somebody, so the engine is asked for a few people even when the caller wants one.
_LEAST_CANDIDATES = 5


class Names(Protocol):
    """Looks up display names."""

    async def display_names(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """Returns the display names, by id, of those people that exist."""
        ...


@dataclass(frozen=True, slots=True)
class RecognizedFace:
    """A face of an image, the person it shows (None: unknown), and the candidates, best first."""

    face: FoundFace
    match: Match | None
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The faces and texts found on an image.

    Attributes:
        faces: Largest first.
        texts: In reading order.
        names: Display names of everybody in `faces`, by person id.
    """

    faces: tuple[RecognizedFace, ...] = ()
    texts: tuple[Text, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LikeFace:
    """A face of the target image: its similarity to the source face, 0..1, and whether that is a match."""

    box: Box
    similarity: float
    same_person: bool


@dataclass(frozen=True, slots=True)
class ImageComparison:
    """The box of the source's largest face, and the target's faces, most similar first."""

    source_box: Box
    faces: tuple[LikeFace, ...]


class Images:
    """Answers questions about single images. A client waits for the answer, so calls use the first lane."""

    def __init__(self, engine: Engine, names: Names, policy: MatchPolicy) -> None:
        self._engine = engine
        self._names = names
        self._policy = policy

    async def recognize(
        self, photo: bytes, *, faces: bool, texts: bool, max_candidates: int, deadline: float | None
    ) -> ImageAnswer:
        """Looks for faces, texts or both.

        Args:
            photo: A whole JPEG or PNG file.
            faces: Whether to say who is on it.
            texts: Whether to read it.
            max_candidates: How many candidates to give for each face, 0..MAX_CANDIDATES.
            deadline: Monotonic seconds after which nobody waits any more, or None.

        Raises:
            InvalidInput: The photo cannot be used; names the field "image".
            EngineError: The engine could not answer.
        """
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        context = CallContext(None, Lane.CHECK_IN, deadline)
        answer = ImageAnswer()
        if faces:
            found = await self._engine.search(pixels, max(max_candidates, _LEAST_CANDIDATES), context)
            answer = await self._decided(found, max_candidates)
        if texts:
            read = await self._engine.read_text(pixels, context)
            answer = ImageAnswer(answer.faces, tuple(read), answer.names)
        return answer

    async def compare(self, source: bytes, target: bytes, deadline: float | None) -> ImageComparison:
        """Compares the largest face of one photo with every face of another.

        Raises:
            InvalidInput: A photo cannot be used; names "source_image" or "target_image".
            PhotoRefused: The source has no face.
            EngineError: The engine could not answer.
        """
        source_pixels = await asyncio.to_thread(decode_photo, source, "source_image")
        target_pixels = await asyncio.to_thread(decode_photo, target, "target_image")
        context = CallContext(None, Lane.CHECK_IN, deadline)
        comparison = await self._engine.compare(source_pixels, target_pixels, context)
        return ImageComparison(
            comparison.source_box,
            tuple(
                LikeFace(face.box, face.similarity, face.similarity >= self._policy.threshold)
                for face in comparison.faces
            ),
        )

    async def _decided(self, found: Sequence[SearchedFace], max_candidates: int) -> ImageAnswer:
        people = {candidate.person_id for searched in found for candidate in searched.candidates}
        names = await self._names.display_names(people) if people else {}
        # An engine that stores faces itself may still know a person who was just deleted.
        known = [tuple(one for one in searched.candidates if one.person_id in names) for searched in found]
        matches = _one_face_a_person([decide(candidates, self._policy) for candidates in known])
        return ImageAnswer(
            faces=tuple(
                RecognizedFace(searched.face, match, candidates[:max_candidates])
                for searched, match, candidates in zip(found, matches, known, strict=True)
            ),
            names=names,
        )


def _one_face_a_person(matches: Sequence[Match | None]) -> list[Match | None]:
    """Keeps a person's name only on the most similar face of an image: nobody appears twice."""
    best: dict[str, Match] = {}
    for match in matches:
        if match is not None and (match.person_id not in best or match.similarity > best[match.person_id].similarity):
            best[match.person_id] = match
    return [match if match is not None and best[match.person_id] is match else None for match in matches]
