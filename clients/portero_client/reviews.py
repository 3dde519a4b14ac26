"""What people say of sightings: the queue of doubtful ones, and reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from portero_client.decisions import Decision
from portero_client.sightings import Sighting


class ReviewReason(Enum):
    """Why a person should look at a sighting; UNSPECIFIED is a reason that this client does not know."""

    UNSPECIFIED = "unspecified"
    UNCONFIRMED = "unconfirmed"
    JUST_ABOVE = "just_above"
    JUST_BELOW = "just_below"
    LOOK_ALIKES = "look_alikes"
    DEMANDED = "demanded"
    UNKNOWN = "unknown"


class ReviewAction(Enum):
    """What a person says of a sighting; UNSPECIFIED is an action that this client does not know."""

    UNSPECIFIED = "unspecified"
    THIS_IS = "this_is"
    NOT = "not"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class QueuedSighting:
    """A sighting that a person should look at, why, and what was decided about it, oldest first.

    `has_picture`: whether `picture` returns one of it.
    """

    sighting: Sighting
    reason: ReviewReason
    decisions: tuple[Decision, ...]
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class SightingReview:
    """What a person said of a sighting.

    Attributes:
        name: Resource name, "reviews/{review}".
        sighting: Resource name, "sightings/{sighting}".
        camera: Resource name, "cameras/{camera}".
        action: What was said.
        person: Whom it shows, or does not show, "people/{person}"; empty for IGNORE.
        decided_person: Whom it was decided to show before; empty: a stranger.
        decided_similarity: The similarity of that decision, 0..1.
        note: Why, in the reviewer's words.
        reviewer: Subject of the credential.
        review_time: When, UTC.
        undo_time: When it was undone, UTC; None: it holds.
        undone_by: Subject of the credential that undid it; "merge": it is of the person, who was enrolled twice.
        demanded_similarity: What the person's similarity must exceed at the camera since, 0..1; 0: nothing is demanded.
        demand_end_time: Until when, UTC; None: nothing is demanded.
    """

    name: str
    sighting: str
    camera: str
    action: ReviewAction
    person: str
    decided_person: str
    decided_similarity: float
    note: str
    reviewer: str
    review_time: datetime
    undo_time: datetime | None
    undone_by: str
    demanded_similarity: float
    demand_end_time: datetime | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review, and the sighting as it is now; None: it is not kept any more."""

    review: SightingReview
    sighting: Sighting | None
