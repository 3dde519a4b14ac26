"""Faces of two people that are much alike: one person under two names, or people who are easily confused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import Candidate


def look_alikes(person_id: str, candidates: Iterable[Candidate], threshold: float) -> tuple[Candidate, ...]:
    """Returns the other people whose faces are at least so alike, each once, best first.

    Args:
        person_id: Whose face it is.
        candidates: Enrolled faces like it, in any order; those of the same person do not count.
        threshold: Lowest similarity that counts, 0..1.
    """
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        known = best.get(candidate.person_id)
        if known is None or candidate.similarity > known.similarity:
            best[candidate.person_id] = candidate
    best.pop(person_id, None)
    alike = (candidate for candidate in best.values() if candidate.similarity >= threshold)
    return tuple(sorted(alike, key=lambda candidate: (-candidate.similarity, candidate.person_id)))


class FacePair(NamedTuple):
    """Two enrolled faces of two people who may be taken for each other.

    Attributes:
        first_person_id, second_person_id: The people; the first is the one whose id comes first.
        first_face_id, second_face_id: A face of each.
        similarity: Of the two faces, 0..1 on the scale of the engine that compared them.
    """

    first_person_id: str
    second_person_id: str
    first_face_id: str
    second_face_id: str
    similarity: float


def face_pairs(person_id: str, face_id: str, alike: Iterable[Candidate]) -> tuple[FacePair, ...]:
    """Returns the pairs that a person's face makes with the faces of others that are like it."""
    return tuple(
        FacePair(person_id, other.person_id, face_id, other.face_id, other.similarity)
        if person_id < other.person_id
        else FacePair(other.person_id, person_id, other.face_id, face_id, other.similarity)
        for other in alike
        if other.face_id
    )


def as_owned(pair: FacePair, owners: Mapping[str, str]) -> FacePair | None:
    """Returns a pair with the people whose the two faces are now.

    Args:
        pair: As it was found.
        owners: By face id, the person whose it is.

    Returns:
        None: a face is gone, or both are one person's.
    """
    faces = (pair.first_face_id, pair.second_face_id)
    if not owners.keys() >= set(faces):
        return None
    (first, first_face), (second, second_face) = sorted((owners[face_id], face_id) for face_id in faces)
    return None if first == second else FacePair(first, second, first_face, second_face, pair.similarity)


class ConfusablePair(NamedTuple):
    """Two people who may be taken for each other.

    Attributes:
        first_person_id, second_person_id: The people; the first is the one whose id comes first.
        similarity: Of their two most similar faces, 0..1.
        found_at: When that was found first.
    """

    first_person_id: str
    second_person_id: str
    similarity: float
    found_at: datetime


class FindingKind(Enum):
    """What may be wrong with a person of the gallery."""

    OUTDATED_FACES = "outdated_faces"
    LOOK_ALIKE = "look_alike"


class LookAlike(NamedTuple):
    """Another person with a similar face.

    Attributes:
        candidate: The person, with the most similar face.
        display_name: Their display name.
        same: Whether the faces are so alike that they may be one person under two names; else the two are only easily
            confused.
    """

    candidate: Candidate
    display_name: str
    same: bool = True


def same_person(found: Sequence[LookAlike]) -> list[LookAlike]:
    """Returns those who may be the same person under another name."""
    return [each for each in found if each.same]


class GalleryFinding(NamedTuple):
    """Something to look into; `look_alike` is set for LOOK_ALIKE alone."""

    person_id: str
    display_name: str
    kind: FindingKind
    look_alike: LookAlike | None = None
