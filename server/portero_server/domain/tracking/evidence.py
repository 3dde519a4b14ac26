"""Whether what the shots of a face say is enough to name somebody."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from portero_server.domain.detection.detections import Match, MatchPolicy

# Similarities are differences of floats; what is short by less than this is not short.
_ROUNDING = 1e-9
# The gallery up to which nothing is added to what a name takes.
_SMALL_GALLERY = 10


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the shots of a face say for one person, and is not enough to name them.

    Attributes:
        match: The best of the matches: the provisional name.
        lead: By how much the similarities exceed the threshold, all shots together.
        shots: How many shots say so, one after the other.
    """

    match: Match
    lead: float
    shots: int


class Weighed(NamedTuple):
    """What a face is after an answer: a person, provisionally one, or, with neither, nobody.

    Attributes:
        match: Whom to name.
        evidence: Who it seems to be, until another shot agrees.
    """

    match: Match | None = None
    evidence: Evidence | None = None


def lead_needed(people: int, policy: MatchPolicy) -> float:
    """Returns by how much similarities must exceed the threshold together to name one of so many people; 0: unknown.

    It is never more than a perfect similarity exceeds it.
    """
    tenfolds = math.log10(max(people, _SMALL_GALLERY) / _SMALL_GALLERY)
    return min(policy.sure_by + policy.sure_by_tenfold * tenfolds, 1.0 - policy.threshold)


def weigh(before: Evidence | None, match: Match | None, quality: float, people: int, policy: MatchPolicy) -> Weighed:
    """Weighs an answer together with the answers before it.

    A shot far enough above the threshold names somebody alone, unless it is poor. Otherwise shots add up as long as all
    say the same; one that says something else takes back what those before it said.

    Args:
        before: What the earlier shots of the face say.
        match: The answer about this shot; None: nobody who is known.
        quality: Quality of this shot, 0..1.
        people: How many people the face was compared with; 0: not known.
        policy: The policy that makes the answer a match.
    """
    if match is None:
        return Weighed()
    lead, shots, best = match.similarity - policy.threshold, 1, match
    if before is not None and before.match.person_id == match.person_id:
        lead, shots = lead + before.lead, 1 + before.shots
        best = max(match, before.match, key=lambda each: each.similarity)
    if lead + _ROUNDING >= lead_needed(people, policy) and (shots > 1 or quality >= policy.sure_quality):
        return Weighed(best)
    return Weighed(evidence=Evidence(best, lead, shots))
