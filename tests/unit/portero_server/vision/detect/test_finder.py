"""What a network found, as dlib's detector would draw it."""

from __future__ import annotations

import numpy as np

from portero_server.vision.detect.finder import face_of_network


def test_the_box_of_a_network_becomes_a_square_around_the_lower_face() -> None:
    """1.1 times as wide as the face, its middle a little below that of the face."""
    points = np.array([(130.0, 140), (170, 140), (150, 160), (135, 180), (165, 180)])
    face = face_of_network(np.array([100.0, 100, 100, 130]), points, 0.9)
    assert (face.left, face.side) == (95.0, 110.00000000000001)
    assert face.top == 100 + 0.56 * 130 - 55.00000000000001


def test_the_base_of_the_nose_lies_between_its_tip_and_the_mouth() -> None:
    """The eyes are kept, the image's left one first."""
    points = np.array([(130.0, 140), (170, 140), (150, 160), (135, 180), (165, 180)])
    landmarks = face_of_network(np.array([100.0, 100, 100, 130]), points, 0.9).landmarks
    assert landmarks[:2].tolist() == [[130, 140], [170, 140]]
    assert landmarks[2, 0] == 150
    assert 160 < landmarks[2, 1] < 170
