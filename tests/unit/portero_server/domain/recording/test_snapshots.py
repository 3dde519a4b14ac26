"""Which sightings have snapshots, and how long a link to one lasts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.recording.review_pictures import PictureFacts, PictureOutcome
from portero_server.domain.recording.snapshots import (
    SnapshotRules,
    SnapshotSubjects,
    link_seconds,
    snapshot_concealment,
    snapshot_refusal,
)
from tests.support.store.commits import at
from tests.support.store.sighting_events import sighting

ANA = PictureFacts(sighting("s1", "door", "ana"), "shop", False, (), frozenset())
STRANGER = PictureFacts(sighting("s2", "door", None), "shop", False, (), frozenset())
SHOP = SnapshotRules(sites=frozenset({"shop"}))


def _refusal(facts: PictureFacts, rules: SnapshotRules, *, agreed: frozenset[str] = frozenset()) -> object:
    return snapshot_refusal(facts, rules, {"ana"}, agreed)


@pytest.mark.parametrize("facts", [ANA, STRANGER])
def test_sites_that_were_not_named_have_none(facts: PictureFacts) -> None:
    """Without a word about sites none has any; a forbidden one has none though all are meant."""
    assert _refusal(facts, SnapshotRules()) is PictureOutcome.FORBIDDEN
    assert _refusal(facts, SHOP) is None
    assert _refusal(replace(facts, site=""), SHOP) is PictureOutcome.FORBIDDEN
    assert _refusal(replace(facts, site=""), SnapshotRules(sites=None)) is None
    everywhere = SnapshotRules(sites=None, forbidden_sites=frozenset({"shop"}))
    assert _refusal(facts, everywhere) is PictureOutcome.FORBIDDEN


def test_subjects_are_people_or_strangers_or_both() -> None:
    """Each rule forbids the others."""
    people = replace(SHOP, subjects=SnapshotSubjects.PEOPLE)
    strangers = replace(SHOP, subjects=SnapshotSubjects.STRANGERS)
    assert [_refusal(each, people) for each in (ANA, STRANGER)] == [None, PictureOutcome.FORBIDDEN]
    assert [_refusal(each, strangers) for each in (ANA, STRANGER)] == [PictureOutcome.FORBIDDEN, None]


def test_a_purpose_needs_its_consent_which_no_stranger_gave() -> None:
    """Nor has a stranger given the consent that is required of everybody."""
    asked = replace(SHOP, purpose="security")
    assert _refusal(ANA, asked) is PictureOutcome.FORBIDDEN
    assert _refusal(ANA, asked, agreed=frozenset({"ana"})) is None
    assert _refusal(STRANGER, asked, agreed=frozenset({"ana"})) is PictureOutcome.FORBIDDEN
    required = replace(SHOP, consent_required=True)
    assert [_refusal(each, required) for each in (ANA, STRANGER)] == [None, PictureOutcome.FORBIDDEN]


def test_who_may_not_be_named_is_not_shown() -> None:
    """Nor a visitor who asked to be forgotten, nor a stranger who was somebody until that person was erased."""
    erased = replace(STRANGER, sighting=replace(STRANGER.sighting, erased=True))
    for rule in (snapshot_refusal, snapshot_concealment):
        assert rule(ANA, SHOP, (), ()) is PictureOutcome.WITHHELD
        for facts in (replace(STRANGER, forgotten=True), erased):
            assert rule(facts, SHOP, {"ana"}, ()) is PictureOutcome.WITHHELD


def test_of_whom_it_is_not_known_whom_they_are_like_none_is_kept() -> None:
    """What is kept already goes by what is known."""
    unsure = replace(STRANGER, unsure=frozenset({"r1"}))
    assert _refusal(unsure, SHOP) is PictureOutcome.WITHHELD
    assert snapshot_concealment(unsure, SHOP, (), ()) is None


@pytest.mark.parametrize(
    ("asked", "left", "works"), [(60, 3600, 60), (60, 30.9, 30), (60, 0.5, 0), (60, 0, 0), (60, -9, 0)]
)
def test_a_link_ends_with_the_picture(asked: int, left: float, works: int) -> None:
    """It never works longer than asked for, and is not made of what is over."""
    assert link_seconds(asked, at(left), at(0)) == works
