"""Boxes are ratios, and stay so through pixels, padding and regions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_server.domain.detection.geometry import Box, at_edge, is_cut_off

_sides = st.floats(0.01, 0.5)
_starts = st.floats(0, 0.5)
_boxes = st.builds(Box, _starts, _starts, _sides, _sides)


def test_pixels_and_back() -> None:
    """A box made from pixels gives the same pixels again."""
    box = Box.from_pixels(64, 36, 320, 180, width=640, height=360)
    assert box.to_pixels(640, 360) == (64, 36, 320, 180)


def test_pixels_are_cut_at_the_edges() -> None:
    """A face cut by the edge of the picture gives pixels inside it."""
    assert Box(-0.1, -0.1, 0.3, 1.3).to_pixels(100, 100) == (0, 0, 20, 100)


def test_padding_stays_inside() -> None:
    """A padded box at the corner is cut at the picture's edges."""
    padded = Box(0, 0, 0.2, 0.2).padded(0.5)
    assert (padded.left, padded.top) == (0, 0)
    assert padded.width == pytest.approx(0.3)
    assert padded.height == pytest.approx(0.3)


@given(_boxes, _boxes)
def test_overlap_is_symmetric_and_bounded(one: Box, other: Box) -> None:
    """Intersection over union is the same both ways, within 0..1, and 1 with itself."""
    assert one.iou(other) == pytest.approx(other.iou(one))
    assert 0 <= one.iou(other) <= 1 + 1e-9
    assert one.iou(one) == pytest.approx(1)


@given(_boxes, st.floats(0, 1))
def test_a_face_keeps_its_place_in_a_region(face: Box, padding: float) -> None:
    """Ratios of a region lead back to the same place in the whole picture."""
    region = face.padded(padding)
    inside = face.relative_to(region)
    assert region.left + inside.left * region.width == pytest.approx(face.left)
    assert inside.height * region.height == pytest.approx(face.height)


def test_a_face_is_at_the_edge_when_a_side_of_it_is() -> None:
    """A box that touches a side of the image may go on outside; one just inside does not."""
    assert not at_edge(Box(0.01, 0.01, 0.98, 0.98))
    for box in (Box(0.0, 0.3, 0.2, 0.2), Box(0.3, -0.02, 0.2, 0.2), Box(0.8, 0.3, 0.2, 0.2), Box(0.3, 0.85, 0.2, 0.2)):
        assert at_edge(box), box


def test_a_face_is_cut_off_when_a_tenth_of_it_is_outside() -> None:
    """A box that only touches the edge is whole."""
    assert not is_cut_off(Box(0.0, 0.0, 0.2, 0.2))
    assert not is_cut_off(Box(-0.01, 0.3, 0.2, 0.2))
    assert is_cut_off(Box(-0.03, 0.3, 0.2, 0.2))
    assert is_cut_off(Box(0.3, 0.85, 0.2, 0.2))
