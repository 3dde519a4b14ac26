"""Sides in one picture."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.vision.cards.stacking import stacked


def test_what_is_read_of_a_stack_goes_back_to_its_side() -> None:
    """Boxes are ratios of each side again, also of one that was narrower."""
    stack = stacked([np.full((500, 800, 3), 10, np.uint8), np.full((250, 400, 3), 20, np.uint8)])
    assert stack.pixels.shape == (1024, 800, 3)
    upper = Text("above", TextKind.LINE, Box.from_pixels(80, 100, 400, 150, width=800, height=1024), 0.9)
    lower = Text("below", TextKind.WORD, Box.from_pixels(80, 624, 400, 674, width=800, height=1024), 0.8)
    between = Text("gutter", TextKind.LINE, Box.from_pixels(0, 505, 800, 520, width=800, height=1024), 0.5)
    shares = stack.share([upper, lower, between])
    assert [[text.content for text in share] for share in shares] == [["above"], ["below"]]
    for (text,) in shares:
        box = text.box
        assert (box.left, box.top, box.width, box.height) == pytest.approx((0.1, 0.2, 0.4, 0.1))


def test_an_only_picture_is_its_own_stack() -> None:
    """It is neither copied nor framed, and all texts are its own."""
    picture = np.full((50, 80, 3), 10, np.uint8)
    stack = stacked([picture])
    assert stack.pixels is picture
    text = Text("a", TextKind.LINE, Box(0.1, 0.1, 0.2, 0.2), 1.0)
    ((same,),) = stack.share([text])
    assert same.box.left == pytest.approx(0.1)
