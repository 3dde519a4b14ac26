"""What a person says of a sighting, and which sightings are worth asking about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from portero_server.domain.recording.sightings import Sighting
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision

NEAR = 0.2
"""How near the threshold a similarity is doubtful, as a share of what is between the threshold and a perfect one."""

MOST_NOTE = 200
"""Characters of a note."""

UNDONE_BY_MERGE = "merge"
"""Stands for who undid a review that denied one of two people who turned out to be one."""


class ReviewAction(Enum):
    """What a person says of a sighting."""

    THIS_IS = "this_is"
    """It shows this person."""
    NOT = "not"
    """It does not show this person."""
    IGNORE = "ignore"
    """Nothing: it is not to be asked about again."""


class QueueReason(Enum):
    """Why a sighting is worth asking about."""

    UNCONFIRMED = "unconfirmed"
    """Nobody was named, since one shot was not enough and no other one agreed."""
    JUST_ABOVE = "just_above"
    """Somebody was named whose similarity is little above the threshold."""
    JUST_BELOW = "just_below"
    """The best candidate is little below the threshold."""
    LOOK_ALIKES = "look_alikes"
    """Two candidates are too close to each other."""
    DEMANDED = "demanded"
    """The best candidate would have been named, had nobody said of an equally similar face that it is somebody else."""
    UNKNOWN = "unknown"
    """Nobody is much like the face."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a denied name leads to: at the camera, that person is only named by a higher similarity.

    Attributes:
        engine: On whose scale.
        similarity: What is not enough, 0..1.
        until: Until when.
    """

    engine: str
    similarity: float
    until: datetime


@dataclass(frozen=True, slots=True)
class SightingReview:
    """What a person said of a sighting.

    Attributes:
        person_id: Whom it shows, or does not show; None for IGNORE.
        before: The sighting as it was decided.
        track_count: How many tracks it had then.
        note: Why, in the reviewer's words; may be empty.
        reviewer: Subject of the credential.
        demand: What follows for the camera; None: nothing.
        undone_at, undone_by: When and by whom it was taken back; None: it holds.
    """

    review_id: str
    sighting_id: str
    camera_id: str
    action: ReviewAction
    person_id: str | None
    before: SightingIdentity
    track_count: int
    note: str
    reviewer: str
    reviewed_at: datetime
    demand: Demand | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True)
class SightingIdentity:
    """Who a sighting is of, and how sure that was; a stranger has neither."""

    person_id: str | None = None
    display_name: str = ""
    similarity: float = 0.0
    margin: float = 0.0


def identity_of(sighting: Sighting) -> SightingIdentity:
    """Returns who a sighting is of."""
    return SightingIdentity(sighting.person_id, sighting.display_name, sighting.similarity, sighting.margin)


def corrected(sighting: Sighting, action: ReviewAction, person_id: str | None, display_name: str) -> Sighting:
    """Returns a sighting as a person says it is.

    No similarity is claimed for a name that the recognizer did not give.
    """
    if action is ReviewAction.THIS_IS and sighting.person_id != person_id:
        return _with(sighting, SightingIdentity(person_id, display_name), reviewed=True)
    if action is ReviewAction.THIS_IS:
        return replace(sighting, reviewed=True)
    if action is ReviewAction.NOT and sighting.person_id == person_id:
        return _with(sighting, SightingIdentity(), reviewed=True)
    return sighting


def restored(sighting: Sighting, review: SightingReview) -> Sighting:
    """Returns a sighting as it was before a review of it.

    Its name stays if further tracks joined it by that name: whose they are, nobody has doubted.
    """
    if review.action is ReviewAction.IGNORE or not sighting.reviewed:
        return sighting
    renamed = sighting.person_id != review.before.person_id
    if renamed and sighting.track_count != review.track_count:
        return replace(sighting, reviewed=False)
    before = review.before if renamed else identity_of(sighting)
    return _with(sighting, before, reviewed=False)


class Likeness(NamedTuple):
    """How like a person a face was, 0..1 on the scale of an engine."""

    similarity: float
    engine: str


def likeness_of(decisions: Iterable[StoredDecision], person_id: str) -> Likeness | None:
    """Returns how like a person a face was in the decision in which it was most; None: they were in no decision."""
    found = [
        Likeness(candidate.similarity, decision.engine)
        for decision in decisions
        for candidate in decision.decision.ranking.candidates
        if candidate.person_id == person_id
    ]
    return max(found, default=None)


def queue_reason(sighting: Sighting, decisions: Iterable[StoredDecision]) -> QueueReason | None:
    """Returns why a sighting is worth asking about; None: it is not.

    Args:
        sighting: As it is now.
        decisions: What was decided about its tracks; of a sighting without any nothing is known.
    """
    found = [each for each in decisions if each.decision.reason is not DecisionReason.NO_FACE]
    if not found:
        return None
    if sighting.person_id is not None:
        named = [each for each in found if each.outcome == "match" and each.person_id == sighting.person_id]
        compared = [each for each in named if each.decision.reason is not DecisionReason.REMEMBERED]
        doubtful = bool(compared) and all(_lead(each) < _near(each) for each in compared)
        return QueueReason.JUST_ABOVE if doubtful else None
    reasons = {each.decision.reason for each in found}
    for reason, meaning in (
        (DecisionReason.UNCONFIRMED, QueueReason.UNCONFIRMED),
        (DecisionReason.DEMANDED, QueueReason.DEMANDED),
        (DecisionReason.LOOK_ALIKES, QueueReason.LOOK_ALIKES),
        (DecisionReason.TOO_CLOSE, QueueReason.LOOK_ALIKES),
    ):
        if reason in reasons:
            return meaning
    near = any(each.decision.ranking.candidates and _lead(each) >= -_near(each) for each in found)
    return QueueReason.JUST_BELOW if near else QueueReason.UNKNOWN


def _with(sighting: Sighting, identity: SightingIdentity, *, reviewed: bool) -> Sighting:
    return replace(
        sighting,
        person_id=identity.person_id,
        display_name=identity.display_name,
        similarity=identity.similarity,
        margin=identity.margin,
        reviewed=reviewed,
    )


def _lead(stored: StoredDecision) -> float:
    return stored.decision.ranking.candidates[0].similarity - stored.decision.policy.threshold


def _near(stored: StoredDecision) -> float:
    return NEAR * (1.0 - stored.decision.policy.threshold)
