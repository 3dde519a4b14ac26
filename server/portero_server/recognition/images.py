"""Answers questions about single images: whom an image shows, what text it has, whether two show the same person.

Stores neither images nor answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import (
    Candidate,
    FoundFace,
    Match,
    MatchPolicy,
    Text,
    close_race,
    decide,
)
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Engine, SearchedFace
from portero_server.recognition.look_alikes import ConfusableWith
from portero_server.vision.photo import decode_photo

MAX_CANDIDATES = 20
"""Most candidates that a caller may ask for, for each face."""

# A match needs a margin over the runner-up, so the engine is asked for several people even when the caller wants one:
# more than two, since those who may not be named are dropped before the margin is taken.
_LEAST_CANDIDATES = 5


class Names(Protocol):
    """Looks up display names."""

    async def display_names(self, person_ids: Collection[str]) -> Mapping[str, str]:
        """Returns the display names, by id, of those people who exist and may be named now."""
        ...


@dataclass(frozen=True, slots=True)
class RecognizedFace:
    """A face of an image, and whom it may show.

    Attributes:
        face: The face as the engine found it.
        match: The person it shows; None if no candidate is similar enough and leads by enough, by more over people who
            are easily taken for them, or if another face of the image is more similar to that person.
        candidates: Whom it may show, best first: as many as the caller asked for, which may be none.
        torn: Whether it would be a match, were the person not easily taken for another one who is too near.
    """

    face: FoundFace
    match: Match | None
    candidates: tuple[Candidate, ...]
    torn: bool = False


@dataclass(frozen=True, slots=True)
class ImageAnswer:
    """The faces and texts found on an image.

    Attributes:
        faces: Largest first.
        texts: In reading order.
        names: Display names, by person id, of at least every match and candidate in `faces`.
    """

    faces: tuple[RecognizedFace, ...] = ()
    texts: tuple[Text, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FaceComparison:
    """A face of the target image, compared with the source's largest face.

    Attributes:
        box: Where it is in the target image.
        similarity: 0..1, on the engine's scale.
        same_person: Whether the similarity reaches the threshold. There is no runner-up, so no margin is asked for.
    """

    box: Box
    similarity: float
    same_person: bool


@dataclass(frozen=True, slots=True)
class ImageComparison:
    """The box of the source's largest face, and the target's faces, most similar first."""

    source_box: Box
    faces: tuple[FaceComparison, ...]


class Images:
    """Answers questions about single images.

    A client waits for each answer, so engine calls take the lane that is served first, `Lane.CHECK_IN`.
    """

    def __init__(
        self,
        engine: Engine,
        names: Names,
        policy: MatchPolicy,
        confusable_with: ConfusableWith | None = None,
    ) -> None:
        """Asks `engine`, and decides by `policy`.

        Args:
            engine: Finds and compares faces.
            names: Looks up who may be named.
            policy: Threshold and margins.
            confusable_with: Asks who is easily taken for a person; None: nobody is.
        """
        self._engine = engine
        self._names = names
        self._policy = policy
        self._confusable_with = confusable_with

    async def recognize(
        self, photo: bytes, *, faces: bool, texts: bool, max_candidates: int, deadline: float | None
    ) -> ImageAnswer:
        """Returns the faces of an image with their matches, its texts, or both.

        Args:
            photo: A whole JPEG or PNG file.
            faces: Whether to look for faces; if not, the answer has none.
            texts: Whether to read the text; if not, the answer has none.
            max_candidates: Most candidates to return for each face, 0..MAX_CANDIDATES.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.

        Raises:
            InvalidInput: The photo cannot be used; names the field "image".
            EngineError: The engine could not answer.
            StoreUnavailable: The names could not be looked up.
        """
        pixels = await asyncio.to_thread(decode_photo, photo, "image")
        context = CallContext(None, Lane.CHECK_IN, deadline)
        answer = ImageAnswer()
        if faces:
            found = await self._engine.search(pixels, max(max_candidates, _LEAST_CANDIDATES), context)
            answer = await self._name_faces(found, max_candidates)
        if texts:
            read = await self._engine.read_text(pixels, context)
            answer = ImageAnswer(answer.faces, tuple(read), answer.names)
        return answer

    async def compare(self, source: bytes, target: bytes, deadline: float | None) -> ImageComparison:
        """Compares the largest face of one photo with every face of another.

        Args:
            source: A whole JPEG or PNG file, whose largest face is sought in the target.
            target: A whole JPEG or PNG file; without faces the comparison has none.
            deadline: Monotonic seconds after which the caller has stopped waiting; None: it waits without limit.

        Raises:
            InvalidInput: A photo cannot be used; names the field "source_image" or "target_image".
            PhotoRefused: The source has no face; names the field "source_image".
            EngineError: The engine could not answer.
        """
        source_pixels = await asyncio.to_thread(decode_photo, source, "source_image")
        target_pixels = await asyncio.to_thread(decode_photo, target, "target_image")
        context = CallContext(None, Lane.CHECK_IN, deadline)
        comparison = await self._engine.compare(source_pixels, target_pixels, context)
        return ImageComparison(
            comparison.source_box,
            tuple(
                FaceComparison(face.box, face.similarity, face.similarity >= self._policy.threshold)
                for face in comparison.faces
            ),
        )

    async def _name_faces(self, found: Sequence[SearchedFace], max_candidates: int) -> ImageAnswer:
        """Decides whom each face shows, and returns at most `max_candidates` candidates beside it."""
        people = {candidate.person_id for searched in found for candidate in searched.candidates}
        names = await self._names.display_names(people) if people else {}
        # An engine that stores faces itself may still return a person who was just deleted or may no longer be named.
        # Dropped before the decision, so that they take no margin from anybody else.
        nameable = [
            tuple(candidate for candidate in searched.candidates if candidate.person_id in names) for searched in found
        ]
        alone = [decide(candidates, self._policy) for candidates in nameable]
        sure = [
            match if match is None else await self._unless_torn(match, candidates)
            for match, candidates in zip(alone, nameable, strict=True)
        ]
        matches = _each_person_once(sure)
        return ImageAnswer(
            faces=tuple(
                RecognizedFace(
                    searched.face, matches[place], nameable[place][:max_candidates], sure[place] != alone[place]
                )
                for place, searched in enumerate(found)
            ),
            names=names,
        )

    async def _unless_torn(self, match: Match, candidates: Sequence[Candidate]) -> Match | None:
        """Returns the match, or None where it leads somebody by too little who is easily taken for the person."""
        if self._confusable_with is None:
            return match
        race = close_race(candidates, self._policy.confusable_margin)
        if race is None:
            return match
        return decide(candidates, self._policy, await self._confusable_with(race.person_id, race.rivals))


def _each_person_once(matches: Sequence[Match | None]) -> list[Match | None]:
    """Returns the matches of an image's faces, in their order, where each person keeps only the most similar face.

    Nobody appears twice in one image, so the other faces become unknown. Of equally similar faces the first is kept.
    """
    best: dict[str, Match] = {}
    for match in matches:
        if match is not None and (match.person_id not in best or match.similarity > best[match.person_id].similarity):
            best[match.person_id] = match
    return [match if match is not None and best[match.person_id] is match else None for match in matches]
