"""Documents cut out flat."""

from __future__ import annotations

import numpy as np

from portero_server.vision.cards.flattening import flattened, upside_down


def test_a_small_card_is_enlarged_and_keeps_its_shape() -> None:
    """A card of 400 pixels becomes 720 wide, in the shape of a card."""
    corners = np.array([(20.0, 20.0), (420.0, 20.0), (420.0, 272.0), (20.0, 272.0)])
    flat = flattened(np.full((300, 500, 3), 200, np.uint8), corners)
    assert flat.shape == (454, 720, 3)


def test_a_page_keeps_the_shape_of_a_page() -> None:
    """A passport's page is less wide for its height, and is not shrunk to less than 1280."""
    corners = np.array([(0.0, 0.0), (1420.0, 0.0), (1420.0, 1000.0), (0.0, 1000.0)])
    assert flattened(np.full((1000, 1420, 3), 200, np.uint8), corners).shape == (901, 1280, 3)


def test_corners_become_corners() -> None:
    """What is at the first corner of a turned card is at the upper left of the flat one."""
    picture = np.full((400, 400, 3), 90, np.uint8)
    picture[300:, 300:] = (0, 0, 255)
    corners = np.array([(360.0, 360.0), (40.0, 360.0), (40.0, 160.0), (360.0, 160.0)])
    flat = flattened(picture, corners)
    assert flat[10, 10].tolist() == [0, 0, 255]
    assert upside_down(flat)[-11, -11].tolist() == [0, 0, 255]
