"""What a detector can see, and from how far."""

from __future__ import annotations

import pytest

from portero_server.domain.detection.detections import DetectPolicy
from portero_server.vision.detect.finder import FinderTraits
from portero_server.vision.detect.sight import distance, sight

_TRAITS = FinderTraits("fake", "fake", True, 20, 350, 40, 1_000_000, 0.6, False)


def test_the_least_face_holds_at_every_size_until_pixels_run_out() -> None:
    """44 pixels are 44 pixels, and where a search of the frame would cost more than allowed, it says what is left."""
    seen = [sight(DetectPolicy(), _TRAITS, *size, 70.0) for size in ((640, 360), (1920, 1080), (3840, 2160))]
    assert [each.found for each in seen] == [44, 44, 58]
    assert [each.searched for each in seen] == [47603, 428430, 1_000_000]


def test_twice_as_many_pixels_see_twice_as_far() -> None:
    """A face of so many pixels is farther away in a larger frame, and nearer through a wider lens."""
    near = distance(44, 640, 70.0)
    assert near == pytest.approx(1.56, abs=0.01)
    assert distance(44, 1280, 70.0) == pytest.approx(2 * near)
    assert distance(44, 640, 100.0) < near


def test_who_is_too_small_to_be_named_is_named_from_nearer() -> None:
    """With a smaller least face people are found farther away than they are named."""
    seen = sight(DetectPolicy(min_face=22), _TRAITS, 640, 360, 70.0)
    assert (seen.found, seen.named) == (22, 32)
    assert seen.named_to < seen.found_to
