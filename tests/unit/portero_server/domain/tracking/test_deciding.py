"""What one answer about a face says, and why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import Candidate, Match, MatchPolicy, decide
from portero_server.domain.tracking.deciding import DecisionReason, Ranking, verdict
from portero_server.domain.tracking.evidence import Evidence

_POLICY = MatchPolicy(0.5, 0.1, sure_by=0.06, sure_quality=0.1, confusable_margin=0.2)


def _ranking(*similarities: float, confusable: frozenset[str] = frozenset(), face_found: bool = True) -> Ranking:
    """Returns candidates "p0", "p1" and so on."""
    found = tuple(Candidate(f"p{index}", "f", similarity) for index, similarity in enumerate(similarities))
    return Ranking(found, confusable, face_found=face_found)


@pytest.mark.parametrize(
    ("ranking", "reason", "outcome"),
    [
        (_ranking(0.8, 0.3), DecisionReason.NAMED, "match"),
        (_ranking(0.52, 0.3), DecisionReason.UNCONFIRMED, "provisional"),
        (_ranking(0.49, 0.3), DecisionReason.BELOW_THRESHOLD, "unknown"),
        (_ranking(0.8, 0.71), DecisionReason.TOO_CLOSE, "unknown"),
        (_ranking(0.8, 0.65, confusable=frozenset({"p1"})), DecisionReason.LOOK_ALIKES, "unknown"),
        (_ranking(), DecisionReason.NOBODY, "unknown"),
        (_ranking(face_found=False), DecisionReason.NO_FACE, "no_face"),
    ],
)
def test_an_answer_says_why_it_names_somebody_or_nobody(ranking: Ranking, reason: DecisionReason, outcome: str) -> None:
    """Each condition that a name needs has a reason of its own."""
    said = verdict(ranking, 1.0, _POLICY, None)
    assert (said.reason, said.outcome) == (reason, outcome)


def test_whoever_may_not_be_named_is_withheld() -> None:
    """A match of somebody who is gone takes back what the shots before it said, as any other unknown face does."""
    before = Evidence(Match("p0", 0.52, 0.52), 0.02, 1)
    said = verdict(_ranking(0.8), 1.0, _POLICY, before, {"p0"})
    assert (said.match, said.weighed.evidence, said.reason) == (None, None, DecisionReason.WITHHELD)


def test_an_answer_without_a_face_leaves_what_was_known() -> None:
    """It says nothing about whose face it is."""
    before = Evidence(Match("p0", 0.52, 0.52), 0.02, 1)
    assert verdict(_ranking(face_found=False), 1.0, _POLICY, before).weighed.evidence == before


_SIMILARITIES = st.floats(0.0, 1.0)
_PEOPLE = st.sampled_from([f"p{number}" for number in range(12)])


@given(
    st.lists(st.builds(Candidate, _PEOPLE, st.just("f"), _SIMILARITIES), max_size=20),
    st.frozensets(_PEOPLE),
    st.builds(MatchPolicy, _SIMILARITIES, _SIMILARITIES, confusable_margin=_SIMILARITIES),
    st.integers(2, 5),
)
def test_what_is_kept_of_an_answer_decides_the_same_under_every_policy(
    candidates: list[Candidate], confusable: frozenset[str], policy: MatchPolicy, most: int
) -> None:
    """Few candidates are kept, and nobody whom the rest would have kept from a name gets it."""
    kept = Ranking(tuple(candidates), confusable).kept(most)
    assert len(kept.candidates) <= most + 1
    assert decide(kept.candidates, policy, kept.confusable) == decide(candidates, policy, confusable)
