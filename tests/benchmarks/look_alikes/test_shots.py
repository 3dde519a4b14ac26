"""What a margin between look-alikes does with a shot, on either scale."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.detections import Candidate
from tests.benchmarks.look_alikes.shots import SCALES, Shot, Tally, tally

_ALIKE = {frozenset(("ana", "bea")): 0.5, frozenset(("ana", "eva")): 0.3}


def _shot(name: str, **similarities: float) -> Shot:
    return Shot(name, tuple(Candidate(person, "", similarity) for person, similarity in similarities.items()))


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, Tally(0, 1, 0, 0)), (1.5, Tally(0, 1, 0, 0)), (2.0, Tally(0, 0, 1, 0))]
)
def test_a_larger_margin_keeps_the_name_of_the_look_alike_back(factor: float, expected: Tally) -> None:
    """Ana is taken for Bea by 0.08: twice the ordinary 0.05 is more than that."""
    assert tally([_shot("ana", ana=0.5, bea=0.58)], _ALIKE, SCALES["local"], factor) == expected


def test_people_who_are_not_alike_need_no_larger_margin() -> None:
    """Eva does not look like Ana, so a lead of 0.08 is enough."""
    assert tally([_shot("ana", ana=0.58, eva=0.5)], _ALIKE, SCALES["local"], 3.0) == Tally(1, 0, 0, 0)


def test_strangers_who_are_named_are_counted_apart() -> None:
    """A stranger between both is named without the guard, and not with it."""
    shots = [_shot("", ana=0.5, bea=0.58), _shot("", ana=0.2, bea=0.1)]
    assert tally(shots, _ALIKE, SCALES["local"], 1.0).strangers_named == 1
    assert tally(shots, _ALIKE, SCALES["local"], 2.0) == Tally(0, 0, 0, 0)


def test_the_simulator_tells_nobody_apart_who_is_above_its_threshold() -> None:
    """Both similarities are near 1 there, so even the ordinary margin names neither."""
    assert tally([_shot("ana", ana=0.7, bea=0.6)], _ALIKE, SCALES["rekognition"], 1.0) == Tally(0, 0, 1, 0)
