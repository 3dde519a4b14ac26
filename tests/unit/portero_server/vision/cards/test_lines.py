"""Straight lines, and what four of them make."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.cards.lines import crossing, find_lines, line_quadrilaterals, mended, ordered
from portero_server.vision.opencv import cv2


@pytest.mark.parametrize("turns", range(4))
def test_corners_are_ordered_whatever_they_begin_with(turns: int) -> None:
    """The first two are the ends of the upper long edge, and they go clockwise."""
    corners = np.array([(10.0, 12.0), (170.0, 14.0), (168.0, 110.0), (8.0, 108.0)])
    assert (ordered(np.roll(corners, turns, axis=0)) == corners).all()
    assert (ordered(np.roll(corners, turns, axis=0)[::-1]) == corners).all()


def test_an_upended_card_is_laid_on_its_side() -> None:
    """The first edge of a card that stands is its right one, so that it is read after a quarter turn."""
    corners = np.array([(10.0, 10.0), (100.0, 10.0), (100.0, 160.0), (10.0, 160.0)])
    assert (ordered(corners)[:2] == [(100.0, 10.0), (100.0, 160.0)]).all()


def test_lines_cross_where_they_cross_and_parallels_nowhere() -> None:
    """A crossing is exact, and that of parallels is not finite."""
    assert crossing(np.array([0.0, 1.0, 1.0, 0.0]), np.array([3.0, 0.0, 0.0, 1.0])) == pytest.approx([3.0, 1.0])
    assert not np.isfinite(crossing(np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 5.0, 1.0, 0.0]))).any()


def test_a_card_that_something_lies_across_is_among_the_quadrilaterals() -> None:
    """Two of its corners hidden, its four edges still meet where it is."""
    desk = np.full((400, 560, 3), 90, np.uint8)
    card = np.array([(80, 90), (470, 60), (490, 310), (100, 345)])
    cv2.fillPoly(desk, [card], (210, 220, 215))
    cv2.rectangle(desk, (40, 40), (150, 130), (40, 120, 200), -1)
    lab = np.asarray(cv2.cvtColor(desk, cv2.COLOR_BGR2LAB), dtype=np.uint8)
    lines = find_lines(lab)
    assert min(np.abs(quad - card).max() for quad in line_quadrilaterals(lines, lab.shape[:2])) < 6
    wrong = np.array([(35.0, 93.5), (470.0, 60.0), (490.0, 310.0), (100.0, 345.0)])
    assert min(np.abs(quad - card).max() for quad in mended(wrong, lines, lab.shape[:2])) < 12


def test_a_wall_has_no_lines() -> None:
    """Where nothing is seen there is no quadrilateral."""
    lines = find_lines(np.full((300, 400, 3), 120, np.uint8))
    assert lines == []
    assert list(line_quadrilaterals(lines, (300, 400))) == []
