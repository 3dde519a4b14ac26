"""A match needs similarity and a lead; anything else is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Candidate, FaceQuality, Match, MatchPolicy, decide

_POLICY = MatchPolicy(threshold=0.5, margin=0.1)


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
