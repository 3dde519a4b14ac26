"""Sharpness and glare of flat documents."""

from __future__ import annotations

import numpy as np

from portero_server.vision.cards.clarity import card_glare, card_sharpness
from portero_server.vision.opencv import cv2
from tests.support.cards.layouts import printed
from tests.support.cards.specimen import Series, specimen


def test_blur_takes_sharpness_whatever_the_size() -> None:
    """The more blur, the less sharp; the same card at twice the size is as sharp."""
    flat = printed(specimen(2, Series.CARD_2013), "front")
    scores = [
        card_sharpness(np.asarray(cv2.GaussianBlur(flat, (0, 0), sigma), dtype=np.uint8)) for sigma in (0.5, 3.0, 6.0)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 2 * scores[2]
    half = np.asarray(cv2.resize(flat, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    assert abs(card_sharpness(half) - card_sharpness(flat)) < 0.1


def test_a_reflection_is_glare_and_a_white_code_is_not() -> None:
    """What is burnt out counts by its share; the white of a QR code is between its squares."""
    back = printed(specimen(2, Series.CARD_2013), "back")
    gray = np.asarray(back * 0.9, dtype=np.uint8)
    assert card_glare(gray) == 0.0
    gray[200:400, 500:900] = 255
    assert 0.05 < card_glare(gray) < 0.1
