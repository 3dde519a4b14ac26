"""What a blended portrait looks like to the encoder."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.pixels import Pixels
from tests.benchmarks.look_alikes.blending import Head, blended, head
from tests.support.images.portraits import collins, hopper


def _head(pixels: Pixels) -> Head:
    found = head(pixels)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def parents() -> tuple[Head, Head]:
    """Collins and Hopper."""
    return _head(collins()), _head(hopper())


def test_a_blend_is_between_its_parents(parents: tuple[Head, Head]) -> None:
    """A blend is more like either parent than they are like each other, and most like the one with more weight."""
    one, other = parents
    blend = _head(blended(one, other, 0.6))
    apart = one.similarity(other)
    assert blend.similarity(one) > blend.similarity(other) > apart + 0.05


def test_the_weight_says_whom_a_blend_is_like(parents: tuple[Head, Head]) -> None:
    """With all weight on one parent the picture is theirs; with less, it is less like them."""
    one, other = parents
    assert np.array_equal(blended(one, other, 1.0), one.pixels)
    more, less = (_head(blended(one, other, weight)).similarity(one) for weight in (0.7, 0.5))
    assert more > less + 0.05


def test_a_blend_is_the_same_each_time(parents: tuple[Head, Head]) -> None:
    """The same portraits and weight make the same picture, of the first one's size."""
    one, other = parents
    first, second = (blended(one, other, 0.5) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.shape == one.pixels.shape


def test_a_picture_without_a_face_is_no_head() -> None:
    """A wall cannot be blended with anybody."""
    assert head(np.full((200, 200, 3), 90, np.uint8)) is None
