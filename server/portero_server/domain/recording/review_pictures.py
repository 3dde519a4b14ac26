"""Decides which sightings keep a picture for their review, and which of two pictures is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from portero_server.domain.recording.reviews import NEAR, queue_reason
from portero_server.domain.recording.sightings import Sighting
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision


class PictureOutcome(Enum):
    """What became of the picture of a track."""

    KEPT = "kept"
    """It is stored, sealed."""
    POORER = "poorer"
    """The sighting has a better one."""
    CLEAR = "clear"
    """There is nothing to review: the name is sure, or a person has reviewed the sighting."""
    FORBIDDEN = "forbidden"
    """The site keeps no pictures, or keeps none of people who have not consented."""
    WITHHELD = "withheld"
    """It may show somebody who is blocked, lacks a consent, was erased, or asked to be forgotten as a visitor."""
    SMALL = "small"
    """The face has too few pixels."""
    UNSTORED = "unstored"
    """No sighting was stored in time."""
    DROPPED = "dropped"
    """Too many pictures waited, or too many bytes."""
    FULL = "full"
    """As many pictures are kept as may be."""
    FAILED = "failed"
    """It could not be encoded, or the database refused it."""


class PictureRank(NamedTuple):
    """Orders pictures: the one more similar to the person it is taken for is better, else the one of better quality.

    Attributes:
        similarity: To the person whom the face was, or nearly was, named as, 0..1; 0: to nobody.
        quality: Quality of the shot, 0..1.
    """

    similarity: float
    quality: float


@dataclass(frozen=True, slots=True)
class PictureRules:
    """Whose pictures may be kept.

    Attributes:
        forbidden_sites: Sites that keep none.
        consent_required: Whether none is kept of people without a valid consent, which no stranger has given.
    """

    forbidden_sites: frozenset[str] = frozenset()
    consent_required: bool = False


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """What is stored of a sighting.

    Attributes:
        sighting: As it is now.
        site: Of its camera; empty: none.
        reviewed: Whether a person's review of it holds.
        decisions: What was decided about its tracks first: by these it is queued for a review.
        unsure: Ids of those of `seen` in which somebody who is gone may have been near the threshold (`gap_is_near`).
        forgotten: Whether it was the visit of a visitor who was forgotten.
        later: What was decided later about the tracks whose picture it is.
    """

    sighting: Sighting
    site: str
    reviewed: bool
    decisions: Sequence[StoredDecision]
    unsure: frozenset[str]
    forgotten: bool = False
    later: Sequence[StoredDecision] = ()

    @property
    def seen(self) -> Sequence[StoredDecision]:
        """Every decision that may tell whom the picture shows."""
        return (*self.decisions, *self.later)

    @property
    def people(self) -> Sequence[str]:
        """The people whom the picture may show; see `likely_people`."""
        return likely_people(self.sighting, self.seen)


def refusal(facts: PictureFacts, rules: PictureRules, nameable: frozenset[str]) -> PictureOutcome | None:
    """Returns why no picture of a sighting may be stored; None: one may.

    Beyond what `concealment` asks, it must be known whom the face was like: whoever is gone may be blocked.

    The arguments are those of `concealment`.
    """
    refused = concealment(facts, rules, nameable)
    withheld = any(each.decision.reason is DecisionReason.WITHHELD for each in facts.seen)
    return PictureOutcome.WITHHELD if refused is None and (withheld or facts.unsure) else refused


def concealment(facts: PictureFacts, rules: PictureRules, nameable: frozenset[str]) -> PictureOutcome | None:
    """Returns why a picture that is stored may not be shown; None: it may.

    Those of people who were blocked or erased since are removed by that.

    Args:
        facts: What is stored of it.
        rules: Whose pictures may be kept.
        nameable: Those of `facts.people` who may be named now.
    """
    if facts.site in rules.forbidden_sites:
        return PictureOutcome.FORBIDDEN
    if facts.reviewed or facts.sighting.reviewed or queue_reason(facts.sighting, facts.decisions) is None:
        return PictureOutcome.CLEAR
    if facts.forgotten or not nameable.issuperset(facts.people):
        return PictureOutcome.WITHHELD
    if rules.consent_required and facts.sighting.person_id is None:
        return PictureOutcome.FORBIDDEN
    return None


def likely_people(sighting: Sighting, decisions: Iterable[StoredDecision]) -> Sequence[str]:
    """Returns the people whom a picture of a sighting may show: its own, then those near the threshold, best first.

    The distance is that within which a name is doubtful (`reviews.NEAR`).
    """
    near: dict[str, float] = {}
    for each in decisions:
        least = near_threshold(each.decision.policy.threshold)
        for candidate in each.decision.ranking.candidates:
            if candidate.similarity >= least:
                near[candidate.person_id] = max(candidate.similarity, near.get(candidate.person_id, 0.0))
    own = () if sighting.person_id is None else (sighting.person_id,)
    return tuple(dict.fromkeys((*own, *sorted(near, key=lambda person_id: (-near[person_id], person_id)))))


def near_threshold(threshold: float) -> float:
    """Returns the least similarity that is near a threshold."""
    return threshold - NEAR * (1.0 - threshold)


def gap_is_near(known: Mapping[int, float], count: int, threshold: float) -> bool:
    """Returns whether a candidate of a decision who is gone may have been near the threshold.

    Args:
        known: The similarities of those who are left, by their place from 1, the best one.
        count: How many candidates there were.
        threshold: That of the decision.
    """
    before = 1.0
    for place in range(1, count + 1):
        if place not in known and before >= near_threshold(threshold):
            return True
        before = known.get(place, before)
    return False
