"""Of whom a picture may be kept, and which one is the best."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from portero_server.domain.recording.review_pictures import (
    PictureFacts,
    PictureOutcome,
    PictureRank,
    PictureRules,
    concealment,
    gap_is_near,
    likely_people,
    near_threshold,
    refusal,
)
from portero_server.domain.recording.sightings import Sighting
from portero_server.domain.tracking.deciding import DecisionReason
from portero_server.domain.tracking.what_if import StoredDecision
from tests.support.store.commits import BOX, at, decision

_STRANGER = Sighting("s1", "door", None, "", at(0), at(5), 0.0, 0.0, 1, BOX)
_ANA = replace(_STRANGER, person_id="ana", display_name="Ana", similarity=0.5625, margin=0.25)


def _stored(
    *candidates: tuple[str, float], reason: DecisionReason = DecisionReason.BELOW_THRESHOLD, whole: bool = True
) -> StoredDecision:
    outcome = "match" if reason is DecisionReason.NAMED else "unknown"
    seen = decision(*candidates, reason=reason)
    return StoredDecision("r1", "door", "t1", at(0), "scripted", outcome, 0.5, whole, seen)


def _refusal(
    sighting: Sighting,
    *decisions: StoredDecision,
    rules: PictureRules | None = None,
    nameable: frozenset[str] = frozenset({"ana", "ben"}),
    **facts: Any,
) -> PictureOutcome | None:
    told = PictureFacts(sighting, "shop", reviewed=False, decisions=decisions, unsure=frozenset())
    return refusal(replace(told, **facts), rules or PictureRules(), nameable)


def test_a_doubtful_sighting_and_an_unknown_one_may_have_a_picture() -> None:
    """A name that is sure may not, nor what a person has judged, nor what nothing is known of."""
    barely = _stored(("ana", 0.5625), reason=DecisionReason.NAMED)
    assert _refusal(_ANA, barely) is None
    assert _refusal(_STRANGER, _stored(("ben", 0.25))) is None
    assert _refusal(_STRANGER, _stored()) is None
    sure = _stored(("ana", 0.875), reason=DecisionReason.NAMED)
    assert _refusal(_ANA, sure) is PictureOutcome.CLEAR
    assert _refusal(_ANA, barely, reviewed=True) is PictureOutcome.CLEAR
    assert _refusal(replace(_ANA, reviewed=True), barely) is PictureOutcome.CLEAR
    assert _refusal(_STRANGER) is PictureOutcome.CLEAR


def test_a_site_may_forbid_all_pictures_and_required_consent_those_of_strangers() -> None:
    """A stranger has consented to nothing; of a person it is asked whether they may be named."""
    barely, nobody = _stored(("ana", 0.5625), reason=DecisionReason.NAMED), _stored()
    forbidden = PictureRules(frozenset({"shop"}))
    assert _refusal(_ANA, barely, rules=forbidden) is PictureOutcome.FORBIDDEN
    assert _refusal(_STRANGER, nobody, rules=forbidden) is PictureOutcome.FORBIDDEN
    assert _refusal(_STRANGER, nobody, rules=forbidden, site="bank") is None
    asked = PictureRules(consent_required=True)
    assert _refusal(_ANA, barely, rules=asked) is None
    assert _refusal(_STRANGER, nobody, rules=asked) is PictureOutcome.FORBIDDEN


@pytest.mark.parametrize(
    ("decision", "facts"),
    [
        (_stored(("ben", 0.4375)), {"nameable": frozenset({"ana"})}),
        (_stored(("ana", 0.25), whole=False), {"unsure": frozenset({"r1"})}),
        (_stored(reason=DecisionReason.WITHHELD), {}),
        (_stored(), {"forgotten": True}),
    ],
)
def test_whoever_may_not_be_named_is_not_shown_either(decision: StoredDecision, facts: dict[str, Any]) -> None:
    """Somebody blocked or erased may be the best candidate, a rival, or whoever asked to be forgotten."""
    assert _refusal(_STRANGER, decision, **facts) is PictureOutcome.WITHHELD


@pytest.mark.parametrize(
    ("known", "count", "near"),
    [
        ({}, 0, False),
        ({1: 0.4375, 2: 0.25}, 2, False),
        ({}, 1, True),
        ({2: 0.25}, 2, True),
        ({1: 0.4375}, 2, True),
        ({1: 0.4375, 3: 0.25}, 3, True),
        ({1: 0.375}, 2, False),
        ({1: 0.375, 3: 0.25}, 4, False),
        ({1: 0.4375, 2: 0.375}, 4, False),
    ],
)
def test_whoever_is_gone_was_at_most_as_similar_as_the_one_before(
    known: dict[int, float], count: int, near: bool
) -> None:
    """So it is known of most that they were not near the threshold of 0.5; of the best one it never is."""
    assert gap_is_near(known, count, 0.5) is near


def test_somebody_gone_whom_the_face_was_little_like_changes_nothing() -> None:
    """Else one person who is blocked would cost a small gallery all its pictures."""
    assert _refusal(_STRANGER, _stored(("ana", 0.25), whole=False)) is None
    assert _refusal(_STRANGER, _stored(("ben", 0.25)), nameable=frozenset()) is None


def test_a_stored_picture_is_shown_though_somebody_else_is_gone() -> None:
    """Whoever it may have shown took it along; the site, a review and whoever may be named now still decide."""
    facts = PictureFacts(_STRANGER, "shop", False, [_stored(("ana", 0.4375), whole=False)], frozenset({"r1"}))
    ana = frozenset({"ana"})
    assert refusal(facts, PictureRules(), ana) is PictureOutcome.WITHHELD
    assert concealment(facts, PictureRules(), ana) is None
    assert concealment(facts, PictureRules(), frozenset()) is PictureOutcome.WITHHELD
    assert concealment(replace(facts, forgotten=True), PictureRules(), ana) is PictureOutcome.WITHHELD
    assert concealment(replace(facts, reviewed=True), PictureRules(), ana) is PictureOutcome.CLEAR
    assert concealment(facts, PictureRules(frozenset({"shop"})), ana) is PictureOutcome.FORBIDDEN


def test_a_picture_may_show_whoever_is_near_the_threshold() -> None:
    """First the sighting's own person, then the most similar ones."""
    assert near_threshold(0.5) == pytest.approx(0.4)
    shots = (_stored(("ben", 0.4375), ("eva", 0.375)), _stored(("eva", 0.53125), ("ben", 0.40625)))
    assert likely_people(_STRANGER, shots) == ("eva", "ben")
    assert likely_people(_ANA, shots) == ("ana", "eva", "ben")
    assert likely_people(_STRANGER, [_stored(("ben", 0.375))]) == ()


def test_the_picture_most_like_a_name_is_better_than_any_of_a_stranger() -> None:
    """Of equally similar ones, and of those of nobody, the one of better quality is."""
    assert PictureRank(0.5, 0.1) > PictureRank(0.4, 0.9) > PictureRank(0.0, 1.0) > PictureRank(0.0, 0.5)
