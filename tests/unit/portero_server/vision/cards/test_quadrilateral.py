"""The corners of a card in a picture."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.vision.cards.lines import ordered
from portero_server.vision.cards.quadrilateral import find_outline
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.shooting import CLEAN, HEAVY, MODERATE, Level, Shot, shot
from tests.support.cards.specimen import Series, specimen


def _taken(series: Series, side: str, level: Level, seed: int) -> tuple[Pixels, Shot]:
    taken = shot(printed(specimen(seed, series), side), level, (800, 600), seed)
    return np.asarray(cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8), taken


@pytest.mark.parametrize("level", [CLEAN, MODERATE, HEAVY], ids=lambda level: level.name)
@pytest.mark.parametrize(
    ("series", "side"), [(Series.CARD_2013, "back"), (Series.CARD_2024, "front"), (Series.PASSPORT, "front")]
)
def test_corners_are_found_to_a_hundredth_of_the_card(series: Series, side: str, level: Level) -> None:
    """Leaning, tilted, blurred and noisy, the corners are those that were drawn."""
    picture, taken = _taken(series, side, level, 3)
    outline = find_outline(picture)
    assert outline is not None
    wanted = ordered(taken.corners.astype(np.float64))
    span = np.hypot(*(wanted[0] - wanted[1]))
    assert np.abs(outline.corners - wanted).max() < 0.012 * span


def test_a_desk_without_a_card_has_no_outline() -> None:
    """Noise and a gradient are not a card."""
    noise = np.random.default_rng(1).normal(0, 6, (480, 640, 3))
    desk = np.clip(120 + np.linspace(-20, 20, 640)[None, :, None] + noise, 0, 255).astype(np.uint8)
    assert find_outline(desk) is None


def test_a_square_is_no_card() -> None:
    """A note as high as wide is passed over."""
    desk = np.full((480, 640, 3), 60, np.uint8)
    desk[80:400, 160:480] = 230
    assert find_outline(desk) is None
