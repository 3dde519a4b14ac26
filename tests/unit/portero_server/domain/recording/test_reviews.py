"""What people say of sightings, and which sightings are worth asking about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from portero_server.domain.recording.reviews import (
    Likeness,
    QueueReason,
    ReviewAction,
    SightingReview,
    corrected,
    identity_of,
    likeness_of,
    queue_reason,
    restored,
)
from portero_server.domain.recording.sightings import Sighting
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision
from tests.support.store.commits import BOX, at, decision

_ANA = Sighting("s", "door", "ana", "Ana", at(0), at(5), 0.75, 0.25, 1, BOX)
_STRANGER = replace(_ANA, person_id=None, display_name="", similarity=0.0, margin=0.0)


def _decided(
    *candidates: tuple[str, float], reason: DecisionReason = DecisionReason.BELOW_THRESHOLD, outcome: str = "unknown"
) -> StoredDecision:
    seen = decision(*candidates, reason=reason)
    return StoredDecision("r", "door", "t", at(0), "local", outcome, 0.5, True, seen)


def _named(similarity: float) -> StoredDecision:
    return _decided(("ana", similarity), reason=DecisionReason.NAMED, outcome="match")


@pytest.mark.parametrize("sighting", [_ANA, _STRANGER])
@pytest.mark.parametrize(
    ("action", "person_id"),
    [
        (ReviewAction.THIS_IS, "ben"),
        (ReviewAction.THIS_IS, "ana"),
        (ReviewAction.NOT, "ana"),
        (ReviewAction.IGNORE, None),
    ],
)
def test_what_is_said_can_be_taken_back(sighting: Sighting, action: ReviewAction, person_id: str | None) -> None:
    """Whatever is said, the sighting is afterwards as it was decided."""
    said = corrected(sighting, action, person_id, "Somebody")
    review = SightingReview("r", "s", "door", action, person_id, identity_of(sighting), 1, "", "me", at(9))
    assert restored(said, review) == sighting


def test_a_name_by_which_others_joined_stays() -> None:
    """Their tracks are that person's, whatever the first one is; the sighting may be reviewed again."""
    said = replace(corrected(_ANA, ReviewAction.THIS_IS, "ben", "Ben"), track_count=2)
    review = SightingReview("r", "s", "door", ReviewAction.THIS_IS, "ben", identity_of(_ANA), 1, "", "me", at(9))
    assert restored(said, review) == replace(said, reviewed=False)


def test_a_correction_claims_no_similarity() -> None:
    """A person named it, and not the recognizer; where that had said the same, its similarity stays."""
    said = corrected(_ANA, ReviewAction.THIS_IS, "ben", "Ben")
    assert (said.person_id, said.display_name, said.similarity, said.reviewed) == ("ben", "Ben", 0.0, True)
    assert corrected(_ANA, ReviewAction.THIS_IS, "ana", "Ana") == replace(_ANA, reviewed=True)


def test_whom_a_stranger_is_not_changes_no_name() -> None:
    """Somebody may still be recognized later, and nothing else is said of a sighting of somebody else."""
    assert corrected(_STRANGER, ReviewAction.NOT, "ana", "") == _STRANGER
    assert corrected(_ANA, ReviewAction.NOT, "ben", "") == _ANA
    assert corrected(_ANA, ReviewAction.NOT, "ana", "") == replace(_STRANGER, reviewed=True)


def test_the_most_similar_look_counts() -> None:
    """Over all decisions, whoever was best in them."""
    found = [_decided(("ben", 0.45), ("ana", 0.25)), _decided(("ana", 0.4375)), _decided(("ana", 0.375))]
    assert likeness_of(found, "ana") == Likeness(0.4375, "local")
    assert likeness_of(found, "eva") is None


@pytest.mark.parametrize(
    ("sighting", "decisions", "reason"),
    [
        (_ANA, [_named(0.59)], QueueReason.JUST_ABOVE),
        (_ANA, [_named(0.61)], None),
        (_ANA, [_named(0.59), _named(0.75)], None),
        (_ANA, [], None),
        (_STRANGER, [_decided(("ana", 0.41))], QueueReason.JUST_BELOW),
        (_STRANGER, [_decided(("ana", 0.39))], QueueReason.UNKNOWN),
        (_STRANGER, [_decided()], QueueReason.UNKNOWN),
        (_STRANGER, [_decided(reason=DecisionReason.NO_FACE)], None),
        (_STRANGER, [_decided(("ana", 0.7), ("ben", 0.69), reason=DecisionReason.TOO_CLOSE)], QueueReason.LOOK_ALIKES),
        (_STRANGER, [_decided(("ana", 0.7), reason=DecisionReason.DEMANDED)], QueueReason.DEMANDED),
        (
            _STRANGER,
            [_decided(), _decided(("ana", 0.52), reason=DecisionReason.UNCONFIRMED, outcome="provisional")],
            QueueReason.UNCONFIRMED,
        ),
    ],
)
def test_doubtful_sightings_are_worth_asking_about(
    sighting: Sighting, decisions: Sequence[StoredDecision], reason: QueueReason | None
) -> None:
    """By how near the threshold they were decided, and why; where nothing is known there is nothing to show."""
    assert queue_reason(sighting, decisions) is reason
