"""How sure reviewed outcomes are, and what they speak for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.tracking.recommendation import TriedThreshold, Truth, recommended, wilson


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (5, 10, 0.2366, 0.7634),
        (10, 10, 0.7225, 1.0),
        (3, 200, 0.0051, 0.0432),
    ],
)
def test_the_interval_is_wilson_s(count: int, of: int, low: float, high: float) -> None:
    """Figures as published calculators give them."""
    found = wilson(count, of)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_without_trials_nothing_is_known() -> None:
    """The share may be anything."""
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_share_lies_in_its_interval(right: int, wrong: int) -> None:
    """Whatever was counted."""
    low, high = wilson(wrong, right + wrong)
    assert 0.0 <= low <= (wrong / (right + wrong) if right + wrong else 0.5) <= high <= 1.0


def test_a_threshold_is_recommended_when_few_names_are_wrong_for_sure() -> None:
    """The one that names most people; 72 right names are too few to know, and 73 are enough."""
    assert recommended([TriedThreshold(0.5, 72, 0)]) is None
    assert recommended([TriedThreshold(0.5, 73, 0)]) == TriedThreshold(0.5, 73, 0)
    tried = [TriedThreshold(0.45, 200, 12), TriedThreshold(0.5, 190, 3), TriedThreshold(0.55, 190, 3)]
    assert recommended([*tried, TriedThreshold(0.6, 120, 0)]) == TriedThreshold(0.55, 190, 3)
    assert recommended([]) is None


@pytest.mark.parametrize(
    ("truth", "named", "outcome"),
    [
        (Truth("ana"), "ana", "right"),
        (Truth("ana"), "ben", "wrong"),
        (Truth("ana"), None, "missed"),
        (Truth("ana", denied=True), "ana", "wrong"),
        (Truth("ana", denied=True), "ben", ""),
        (Truth("ana", denied=True), None, ""),
    ],
)
def test_a_name_is_judged_by_what_a_person_said(truth: Truth, named: str | None, outcome: str) -> None:
    """Whoever was only denied may be anybody else."""
    assert truth.outcome(named) == outcome
