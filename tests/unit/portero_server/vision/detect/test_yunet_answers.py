"""Reading faces out of YuNet's answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.vision.detect.yunet_answers import STRIDES, Floats, faces_in

_WIDTH, _HEIGHT = 96, 64
_CELLS = [(_WIDTH // stride) * (_HEIGHT // stride) for stride in STRIDES]
_LENGTHS = (1, 1, 4, 10)


def _nothing() -> list[Floats]:
    return [np.zeros((1, cells, length), np.float32) for length in _LENGTHS for cells in _CELLS]


def _with_face(level: int, cell: int, *, face: float = 0.81, thing: float = 1.0) -> list[Floats]:
    """Returns answers of which one cell of one size holds a face: as large as the cell, around its corner."""
    answers = _nothing()
    answers[level][0, cell], answers[3 + level][0, cell] = face, thing
    return answers


def _random(seed: int) -> list[Floats]:
    chance = np.random.default_rng(seed)
    # Sigmoids exceed 1 by rounding.
    sure = [chance.uniform(-0.01, 1.01, (1, cells, 1)) for _ in range(2) for cells in _CELLS]
    places = [chance.normal(0.0, 1.0, (1, cells, length)) for length in (4, 10) for cells in _CELLS]
    return [np.asarray(each, np.float32) for each in (*sure, *places)]


@pytest.mark.parametrize(("level", "stride"), list(enumerate(STRIDES)))
def test_a_face_is_where_its_cell_is(level: int, stride: int) -> None:
    """Boxes are given by their middle and the logarithm of their size, landmarks by shifts, all in cells."""
    columns = _WIDTH // stride
    answers = _with_face(level, columns + 1)
    answers[6 + level][0, columns + 1] = (0.5, 0.25, math.log(2.0), 0.0)
    answers[9 + level][0, columns + 1] = np.arange(10) / 10
    [face] = faces_in(answers, _WIDTH, 0.5)
    assert face[:4] == pytest.approx(np.array([0.5, 0.75, 2.0, 1.0]) * stride)
    points = face[4:14].reshape(5, 2)
    assert points[:, 0] == pytest.approx((1.0 + np.arange(0, 10, 2) / 10) * stride)
    assert points[:, 1] == pytest.approx((1.0 + np.arange(1, 10, 2) / 10) * stride)
    assert face[14] == pytest.approx(0.9)


def test_nothing_is_found_in_nothing() -> None:
    """Answers without a face have none."""
    assert faces_in(_nothing(), _WIDTH, 0.1).shape == (0, 15)


def test_confidence_is_bounded() -> None:
    """Answers beyond 0..1 count as 0 and 1."""
    [face] = faces_in(_with_face(0, 3, face=1.5, thing=1.2), _WIDTH, 0.5)
    assert face[14] == 1.0
    assert not len(faces_in(_with_face(0, 3, face=-1.5, thing=-1.2), _WIDTH, 0.5))


def test_of_faces_that_overlap_the_surest_counts() -> None:
    """Several cells find the same face; two faces apart are both found."""
    answers = _nothing()
    for cell, confidence in ((0, 0.6), (1, 0.9), (8, 0.7)):
        answers[0][0, cell] = answers[3][0, cell] = confidence
        answers[6][0, cell, 2:] = math.log(3.0)
    found = faces_in(answers, _WIDTH, 0.5)
    assert found[:, 14] == pytest.approx([0.9, 0.7])


@given(seed=st.integers(0, 2**32 - 1), least=st.floats(0.0, 1.0))
def test_faces_are_sure_enough_and_come_surest_first(seed: int, least: float) -> None:
    """No face is below the least confidence, nor surer than 1; each is distinct from all others."""
    found = faces_in(_random(seed), _WIDTH, least)
    assert np.isfinite(found).all()
    assert (found[:, 14] >= np.float32(least)).all()
    assert (found[:, 14] <= 1.0).all()
    assert (np.diff(found[:, 14]) <= 0.0).all()


@given(seed=st.integers(0, 2**32 - 1), least=st.floats(0.3, 0.9), more=st.floats(0.0, 0.1))
def test_asking_for_more_leaves_the_surest(seed: int, least: float, more: float) -> None:
    """With a higher least confidence the same faces are found, but for those below it."""
    answers = _random(seed)
    all_of_them = faces_in(answers, _WIDTH, least)
    fewer = faces_in(answers, _WIDTH, least + more)
    assert np.array_equal(fewer, all_of_them[all_of_them[:, 14] > np.float32(least + more)])
