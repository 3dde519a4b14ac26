"""When a stranger is one who came before, and when nobody can tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.detections import FaceQuality
from portero_server.domain.people.visitors import VisitorOutcome, VisitorPolicy, decide_visitor, policy_for
from portero_server.domain.tracking.policy import DLIB_DISTANCES

POLICY = VisitorPolicy()
GOOD = FaceQuality(1.0, 1.0, 0.8, 1.0)


@pytest.mark.parametrize(
    ("distances", "outcome", "visitor_id"),
    [
        ({}, VisitorOutcome.NEW, None),
        ({"a": 0.56, "b": 0.9}, VisitorOutcome.NEW, None),
        ({"a": 0.30, "b": 0.60}, VisitorOutcome.KNOWN, "a"),
        ({"a": 0.46}, VisitorOutcome.KNOWN, "a"),
        ({"a": 0.47}, VisitorOutcome.UNSURE, None),
        ({"a": 0.55}, VisitorOutcome.UNSURE, None),
        ({"a": 0.40, "b": 0.47}, VisitorOutcome.UNSURE, None),
    ],
)
def test_a_visit_is_the_nearest_visitors_unless_nobody_can_tell(
    distances: dict[str, float], outcome: VisitorOutcome, visitor_id: str | None
) -> None:
    """Near enough and alone is the visitor; far from all is a new one; in between, or torn, is nobody."""
    decision = decide_visitor(distances, POLICY)
    assert (decision.outcome, decision.visitor_id) == (outcome, visitor_id)


def test_somebody_seen_at_the_same_time_and_place_is_never_the_visitor() -> None:
    """Two faces before one camera are two people, however alike they are."""
    assert decide_visitor({"a": 0.2}, POLICY, beside={"a"}).outcome is VisitorOutcome.NEW


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.floats(0, 1.5), max_size=8))
def test_no_visitor_is_told_who_is_not_alone_and_near(distances: dict[str, float]) -> None:
    """Whoever is known is within the limit, and everybody else is farther by the lead."""
    decision = decide_visitor(distances, POLICY)
    if decision.outcome is VisitorOutcome.KNOWN:
        assert decision.visitor_id is not None
        own = distances.pop(decision.visitor_id)
        assert own <= POLICY.same
        assert all(other - own >= POLICY.lead for other in distances.values())
    if decision.outcome is VisitorOutcome.NEW:
        assert all(distance > POLICY.apart for distance in distances.values())


@pytest.mark.parametrize(
    ("side", "quality", "trusted"),
    [
        (44, GOOD, True),
        (43, GOOD, False),
        (80, FaceQuality(1.0, 0.4, 1.0, 1.0), False),
        (80, FaceQuality(0.5, 0.6, 0.5, 1.0), False),
    ],
)
def test_no_small_turned_or_poor_face_tells_a_visitor(side: int, quality: FaceQuality, trusted: bool) -> None:
    """Size, frontality and overall quality each have a limit; the smaller side counts."""
    assert POLICY.trusts(side, 90, quality) is trusted
    assert POLICY.trusts(90, side, quality) is trusted


def test_the_limits_of_another_encoder_are_in_proportion() -> None:
    """Twice the distances of one face, twice the limits; the visit gap is the server's."""
    assert policy_for(DLIB_DISTANCES.same, POLICY.visit_gap) == POLICY
    policy = policy_for(2 * DLIB_DISTANCES.same, timedelta(minutes=9))
    assert (policy.same, policy.apart, policy.lead) == (2 * POLICY.same, 2 * POLICY.apart, 2 * POLICY.lead)
    assert policy.visit_gap == timedelta(minutes=9)
