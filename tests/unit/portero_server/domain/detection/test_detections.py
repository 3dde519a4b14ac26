"""A match needs similarity and a lead; anything else is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import (
    Candidate,
    FaceQuality,
    Match,
    MatchPolicy,
    close_race,
    decide,
)

_POLICY = MatchPolicy(threshold=0.5, margin=0.1)
_WARY = MatchPolicy(threshold=0.5, margin=0.1, confusable_margin=0.2)
_CANDIDATES = st.lists(st.builds(Candidate, st.sampled_from("abcd"), st.just("f"), st.floats(0, 1)), max_size=12)
_RATIO = st.floats(0, 1)


def _candidate(person: str, similarity: float) -> Candidate:
    return Candidate(person, f"{person}-face", similarity)


def test_names_the_clear_leader() -> None:
    """The best person above the threshold with enough lead is the match."""
    match = decide([_candidate("bo", 0.3), _candidate("ana", 0.7)], _POLICY)
    assert match is not None
    assert (match.person_id, match.similarity) == ("ana", 0.7)
    assert match.margin == pytest.approx(0.4)


def test_a_lone_candidate_leads_by_its_similarity() -> None:
    """Without a runner-up the margin is the similarity itself."""
    assert decide([_candidate("ana", 0.6)], _POLICY) == Match("ana", 0.6, 0.6)


def test_two_faces_of_one_person_do_not_compete() -> None:
    """Several faces of a person count as the best of them."""
    match = decide([_candidate("ana", 0.7), _candidate("ana", 0.69), _candidate("bo", 0.2)], _POLICY)
    assert match is not None
    assert match.margin == pytest.approx(0.5)


@pytest.mark.parametrize("candidates", [[], [("ana", 0.49)], [("ana", 0.7), ("bo", 0.65)]])
def test_unknown_when_nobody_is_close_or_two_are(candidates: list[tuple[str, float]]) -> None:
    """Nobody, a distant best, or two equally close people give no name."""
    assert decide([_candidate(*candidate) for candidate in candidates], _POLICY) is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(0, 1)), max_size=12))
def test_never_names_against_the_policy(pairs: list[tuple[str, float]]) -> None:
    """Whatever the candidates, a match is their best person and keeps threshold and margin."""
    match = decide([_candidate(person, similarity) for person, similarity in pairs], _POLICY)
    if match is None:
        return
    assert match.similarity == max(similarity for _, similarity in pairs)
    assert match.similarity >= _POLICY.threshold
    others = [similarity for person, similarity in pairs if person != match.person_id]
    assert all(match.similarity - similarity >= _POLICY.margin - 1e-12 for similarity in others)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_one_bad_property_spoils_a_shot(size: float, frontality: float, sharpness: float, brightness: float) -> None:
    """The overall quality is within 0..1 and never better than the worst property."""
    quality = FaceQuality(size, frontality, sharpness, brightness)
    assert 0 <= quality.overall <= min(size, frontality, sharpness, brightness)


def test_confusable_people_need_a_larger_lead() -> None:
    """A lead that names somebody beside a stranger names nobody beside a look-alike; a clear one names them."""
    near, clear = ([_candidate("ana", 0.7), _candidate("anna", other)] for other in (0.55, 0.4))
    assert decide(near, _WARY) is not None
    assert decide(near, _WARY, {"anna"}) is None
    assert decide(clear, _WARY, {"anna"}) == decide(clear, _WARY)
    assert decide(clear, _WARY) is not None


def test_a_look_alike_counts_although_somebody_else_is_nearer() -> None:
    """The larger lead is asked for over every look-alike, not over the runner-up alone."""
    candidates = [_candidate("ana", 0.7), _candidate("bo", 0.58), _candidate("anna", 0.55)]
    assert decide(candidates, _WARY, {"bo"}) is None
    assert decide(candidates, _WARY, {"anna"}) is None
    assert decide(candidates, _WARY, {"cy"}) == decide(candidates, _WARY)


@given(_CANDIDATES, st.builds(MatchPolicy, _RATIO, _RATIO, confusable_margin=_RATIO), st.sets(st.sampled_from("efgh")))
def test_outside_pairs_the_decision_is_what_it_was(
    candidates: list[Candidate], policy: MatchPolicy, others: set[str]
) -> None:
    """Without a look-alike among the candidates only threshold and margin decide, whatever the larger margin is."""
    best: dict[str, float] = {}
    for each in candidates:
        best[each.person_id] = max(each.similarity, best.get(each.person_id, 0.0))
    ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    expected = None
    if ranked:
        (person_id, similarity), *rest = ranked
        margin = similarity - rest[0][1] if rest else similarity
        if similarity >= policy.threshold and margin >= policy.margin:
            expected = Match(person_id, similarity, margin)
    assert decide(candidates, policy) == decide(candidates, policy, others) == expected


@given(_CANDIDATES, st.builds(MatchPolicy, _RATIO, _RATIO, confusable_margin=_RATIO), st.sets(st.sampled_from("abcd")))
def test_look_alikes_only_ever_take_a_name_away(
    candidates: list[Candidate], policy: MatchPolicy, confusable: set[str]
) -> None:
    """With look-alikes the match is the same or none, and it is the same where no race is close."""
    before, after = decide(candidates, policy), decide(candidates, policy, confusable)
    assert after in (before, None)
    if after is not None:
        rivals = [each.similarity for each in candidates if each.person_id in confusable - {after.person_id}]
        assert all(after.similarity - rival >= policy.confusable_margin for rival in rivals)
    race = close_race(candidates, policy.confusable_margin)
    if race is None or not race.rivals & confusable:
        assert after == before
    else:
        assert after is None
