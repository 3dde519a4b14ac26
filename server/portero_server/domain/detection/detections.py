"""Faces, texts and candidates, and the rule that decides a match."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.geometry import Box


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """How well a face can be recognized; every score is 0..1, larger is better."""

    size: float
    frontality: float
    sharpness: float
    brightness: float

    @property
    def overall(self) -> float:
        """The product of the four scores, 0..1: one bad property spoils a shot however good the others are."""
        return self.size * self.frontality * self.sharpness * self.brightness


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face in an image.

    Attributes:
        box: Where it is in the image.
        confidence: The detector's, 0..1: is it a face at all.
        quality: How well it can be recognized.
        patch: What it looks like, turned upright: 256 gray levels of mean 0 and length 1, so that the sum of the
            products of two patches is their correlation. Empty: not known.
    """

    box: Box
    confidence: float
    quality: FaceQuality
    patch: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person whom a face may show, by the best of their enrolled faces.

    Attributes:
        person_id: Last part of the person's resource name.
        face_id: Last part of the best enrolled face's resource name; empty where all faces of a person are
            compared as one.
        similarity: 0..1 on the engine's scale.
    """

    person_id: str
    face_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Match:
    """A face answered by a person: similarity 0..1 and the lead (margin) over the best other person."""

    person_id: str
    similarity: float
    margin: float


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """When a candidate is a match, and when one shot is enough to name somebody.

    Attributes:
        threshold: Least similarity of a match, 0..1.
        margin: Least lead over the best other person, 0..1.
        sure_by: One shot names somebody if its similarity is above the threshold by at least this much; else another
            shot must agree. 0: one shot is always enough, unless it is poor.
        sure_by_tenfold: How much is added to `sure_by` for each tenfold of people in the gallery beyond ten, since
            among more people a stranger finds somebody more alike.
        sure_quality: A shot of less quality, 0..1, does not name somebody alone, however similar the face is.
        confusable_margin: Least lead over somebody who is known to be easily taken for the person, 0..1; `margin`
            holds beside it.
    """

    threshold: float
    margin: float
    sure_by: float = 0.0
    sure_by_tenfold: float = 0.0
    sure_quality: float = 0.0
    confusable_margin: float = 0.0

    @property
    def alike(self) -> float:
        """Least similarity of two enrolled people who may be taken for each other, 0..1.

        A face that is as like the other one as theirs are is within a margin of being named so.
        """
        return max(0.0, self.threshold - self.margin)


def decide(
    candidates: Sequence[Candidate],
    policy: MatchPolicy,
    confusable: Collection[str] = frozenset(),
    demanded: float = 0.0,
) -> Match | None:
    """Decides whom a face shows.

    Args:
        candidates: In any order; several of one person count as their best one.
        policy: Threshold and margins.
        confusable: People who are known to be easily taken for the best candidate, who must lead over them by more.
        demanded: What the best candidate's similarity must exceed, whatever the policy; 0: nothing is demanded.

    Returns:
        The match, or None when nobody is close enough or two people are too close to each other.
    """
    ranked = ranked_people(candidates)
    if not ranked:
        return None
    person_id, similarity = ranked[0]
    margin = similarity - ranked[1][1] if len(ranked) > 1 else similarity
    if similarity < policy.threshold or margin < policy.margin or (demanded and similarity <= demanded):
        return None
    if any(similarity - other < policy.confusable_margin for rival, other in ranked[1:] if rival in confusable):
        return None
    return Match(person_id, similarity, margin)


class CloseRace(NamedTuple):
    """The best candidate, and the others whom it does not lead by the margin of confusable people."""

    person_id: str
    rivals: frozenset[str]


def close_race(candidates: Sequence[Candidate], confusable_margin: float) -> CloseRace | None:
    """Returns the candidates of whom it matters whether they are confusable; None: it makes no difference.

    Args:
        candidates: As of `decide`.
        confusable_margin: See `MatchPolicy`.
    """
    ranked = ranked_people(candidates)
    rivals = frozenset(rival for rival, other in ranked[1:] if ranked[0][1] - other < confusable_margin)
    return CloseRace(ranked[0][0], rivals) if rivals else None


def ranked_people(candidates: Sequence[Candidate]) -> list[tuple[str, float]]:
    """Returns people with their best similarity, best first."""
    best: dict[str, float] = {}
    for candidate in candidates:
        best[candidate.person_id] = max(candidate.similarity, best.get(candidate.person_id, 0.0))
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))


class TextKind(Enum):
    """Whether a text is a whole line or one word of it."""

    LINE = "line"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text in an image, with the engine's confidence 0..1."""

    content: str
    kind: TextKind
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class DetectPolicy:
    """How hard to look. What is None is up to the detector.

    Attributes:
        min_face: Narrowest face that a thorough look finds, pixels of the frame, whatever the frame's size.
        quick_face: Narrowest face that a quick look finds, pixels of the frame; never below `min_face`.
        min_named: Narrowest face that may be named, pixels of the frame; smaller ones are found and followed.
        most_pixels: Most pixels of one search, after scaling; a part of a frame that needs more is searched coarser.
        min_confidence: What counts as a face, 0..1.
    """

    min_face: int = 44
    quick_face: int | None = None
    min_named: int = 32
    most_pixels: int | None = None
    min_confidence: float | None = None
