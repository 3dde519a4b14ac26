"""Similarities from distances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.engines.local.encode.encoder import SimilarityScale, VectorPlace


@given(st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_what_is_farther_is_never_more_similar(one: float, other: float) -> None:
    """Both scales fall with the distance, from 1 to 0."""
    near, far = sorted((one, other))
    for scale in SimilarityScale:
        assert 1.0 >= scale.similarity(near) >= scale.similarity(far) >= 0.0


@pytest.mark.parametrize("degrees", [0.0, 10.0, 60.0, 90.0, 135.0, 180.0])
def test_vectors_of_length_one_have_their_cosine(degrees: float) -> None:
    """The similarity is the cosine of the angle; beyond a right angle there is none."""
    turn = math.radians(degrees)
    distance = float(np.linalg.norm(np.array([1.0, 0.0]) - np.array([math.cos(turn), math.sin(turn)])))
    assert SimilarityScale.COSINE.similarity(distance) == pytest.approx(max(0.0, math.cos(turn)), abs=1e-9)


def test_dlib_s_similarity_is_one_minus_the_distance() -> None:
    """As it always was: thresholds that were set keep their meaning."""
    assert SimilarityScale.DISTANCE.similarity(0.25) == 0.75
    assert SimilarityScale.DISTANCE.similarity(1.5) == 0.0


def test_vectors_of_another_model_are_elsewhere() -> None:
    """A vector too short, too long, on another side, or of no numbers is told from those of faces."""
    place = VectorPlace(shortest=1.0, longest=2.0, center=(1.5, 0.0), farthest=1.0)
    vectors = [
        [1.5, 0.0],
        [1.0, 0.5],
        [0.9, 0.0],
        [2.1, 0.0],
        [0.0, 1.5],
        [-1.5, 0.0],
        [math.nan, 0.0],
        [math.inf, 0.0],
    ]
    assert place.holds(np.array(vectors, np.float32)).tolist() == [True, True] + [False] * 6
    assert VectorPlace(0.99, 1.01).holds(np.array([[0.0, 1.0], [0.0, 1.4]], np.float32)).tolist() == [True, False]
