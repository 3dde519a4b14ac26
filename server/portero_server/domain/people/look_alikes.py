"""The same face under two names: whom an enrolled face is too much like."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from portero_server.domain.detection.detections import Candidate


def look_alikes(person_id: str, candidates: Iterable[Candidate], threshold: float) -> tuple[Candidate, ...]:
    """Returns the other people whose faces are so alike that they may be the same person, each once, best first.

    Args:
        person_id: Whose face it is.
        candidates: Enrolled faces like it, in any order; those of the same person do not count.
        threshold: Lowest similarity of two faces of one person.
    """
    best: dict[str, Candidate] = {}
    for candidate in candidates:
        known = best.get(candidate.person_id)
        if known is None or candidate.similarity > known.similarity:
            best[candidate.person_id] = candidate
    best.pop(person_id, None)
    alike = (candidate for candidate in best.values() if candidate.similarity >= threshold)
    return tuple(sorted(alike, key=lambda candidate: (-candidate.similarity, candidate.person_id)))


class FindingKind(Enum):
    """What may be wrong with a person of the gallery."""

    OUTDATED_FACES = "outdated_faces"
    LOOK_ALIKE = "look_alike"


class LookAlike(NamedTuple):
    """Another person with much the same face, and their display name."""

    candidate: Candidate
    display_name: str


class GalleryFinding(NamedTuple):
    """Something to look into; `look_alike` is set for LOOK_ALIKE alone."""

    person_id: str
    display_name: str
    kind: FindingKind
    look_alike: LookAlike | None = None
