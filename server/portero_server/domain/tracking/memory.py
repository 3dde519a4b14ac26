"""Short memory of the faces at one camera, so that a person seen a moment ago needs no new engine call.

A planner over the local engine's encodings: it is given confirmed faces and decides whether a face is one of them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from portero_server.domain.detection.detections import Match
from portero_server.domain.tracking.policy import DLIB_DISTANCES


@dataclass(frozen=True, slots=True)
class MemoryPolicy:
    """How long faces are remembered, and how similar a face must be.

    Attributes:
        people: Seconds for which a named face is remembered; 0: not at all.
        strangers: Seconds for which a face that was nobody's is remembered; 0: not at all.
        distance: Encodings at most this far apart are the same face. Well below the distance that names somebody,
            since a mistake here repeats itself.
        lead: The nearest face must be nearer than any other person's by this much.
        better_by: A shot so many times as good as the remembered stranger's is asked about after all.
        capacity: Most faces remembered; beyond, the oldest goes.
    """

    people: float = 60.0
    strangers: float = 60.0
    distance: float = DLIB_DISTANCES.recalled
    lead: float = DLIB_DISTANCES.recalled_lead
    better_by: float = 1.4
    capacity: int = 64


@dataclass(frozen=True, slots=True)
class Recalled:
    """A remembered face: the person (None: a stranger) and the quality of its shot, 0..1."""

    match: Match | None
    quality: float


@dataclass(slots=True)
class _Face:
    encoding: tuple[float, ...]
    match: Match | None
    quality: float
    until: float

    @property
    def person_id(self) -> str | None:
        return None if self.match is None else self.match.person_id


class FaceMemory:
    """Faces recently confirmed at one camera. Times are monotonic seconds."""

    def __init__(self, policy: MemoryPolicy) -> None:
        self._policy = policy
        self._faces: list[_Face] = []

    def holds_any(self, now: float) -> bool:
        """Whether any face is remembered. If not, encoding a face for recall is useless."""
        self._forget(now)
        return bool(self._faces)

    def recall(
        self, encoding: Sequence[float], quality: float, now: float, *, apart: Collection[str] = ()
    ) -> Recalled | None:
        """Returns the remembered face that this face matches beyond doubt, or None.

        Args:
            encoding: Encoding of the face.
            quality: Quality of its shot, 0..1.
            now: Monotonic seconds.
            apart: People it cannot be, since they are seen beside it.
        """
        self._forget(now)
        if not self._faces:
            return None
        policy = self._policy
        ranked = sorted((math.dist(face.encoding, encoding), number) for number, face in enumerate(self._faces))
        distance, number = ranked[0]
        nearest = self._faces[number]
        if distance > policy.distance or nearest.person_id in apart:
            return None
        others = (gap for gap, other in ranked[1:] if self._faces[other].person_id != nearest.person_id)
        if next(others, math.inf) - distance < policy.lead:
            return None
        if nearest.match is None and quality >= nearest.quality * policy.better_by:
            return None
        return Recalled(nearest.match, nearest.quality)

    def remember(self, encoding: Sequence[float], match: Match | None, quality: float, now: float) -> None:
        """Records a face that the recognizer named, or did not know (None).

        A named face replaces a stranger with the same face; a stranger never replaces a named face.
        """
        span = self._policy.strangers if match is None else self._policy.people
        if span <= 0:
            return
        self._forget(now)
        alike = [face for face in self._faces if math.dist(face.encoding, encoding) <= self._policy.distance]
        if match is None and any(face.match is not None for face in alike):
            return
        replaced = [face for face in alike if face.match is None]
        if match is None:
            quality = max([quality, *(face.quality for face in replaced)])
        self._faces = [face for face in self._faces if face not in replaced]
        self._faces.append(_Face(tuple(encoding), match, quality, now + span))
        del self._faces[: -self._policy.capacity]

    @property
    def people(self) -> set[str]:
        """Returns the ids of the people remembered by name."""
        return {face.match.person_id for face in self._faces if face.match is not None}

    def forget(self, people: Collection[str]) -> None:
        """Removes the faces of people who may no longer be named."""
        self._faces = [face for face in self._faces if face.person_id not in people]

    def _forget(self, now: float) -> None:
        self._faces = [face for face in self._faces if face.until > now]
