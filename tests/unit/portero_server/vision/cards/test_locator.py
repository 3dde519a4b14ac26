"""Documents in pictures: where, which side, how well to be read."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from portero_server.domain.documents.document import CardSide
from portero_server.vision.cards.locator import CardLocator
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.shooting import LIGHT, Shot, shot
from tests.support.cards.specimen import Series, specimen


@cache
def _locator() -> CardLocator:
    return CardLocator(FaceDetector(choose_finder(DetectorOptions()).finder))


def _decoded(taken: Shot) -> Pixels:
    return np.asarray(cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("side", ["front", "back"])
def test_a_view_begins_at_the_cards_own_upper_left(side: str, turned: bool) -> None:
    """However the card lies, its corners begin where its text begins, and its side is recognized."""
    taken = shot(printed(specimen(6, Series.CARD_2013), side), LIGHT, (960, 720), 2, turned=turned)
    view = _locator().find(_decoded(taken))
    assert view is not None
    assert view.side is (CardSide.FRONT if side == "front" else CardSide.BACK)
    assert np.abs(np.array(view.corners) - taken.corners).max() < 0.015 * view.width
    assert not view.whole
    assert 0.0 <= view.tilt < 0.2
    assert view.glare < 0.02


def test_the_whole_picture_is_the_document_where_no_outline_is_seen() -> None:
    """A scan that was cut at the card's edges is read as it is."""
    flat = printed(specimen(6, Series.CARD_2024), "back")
    located = _locator().locate(flat)
    assert located.rectified.side is CardSide.BACK
    assert [code.content for code in located.codes] == [specimen(6, Series.CARD_2024).qr]


def test_an_empty_frame_has_no_view() -> None:
    """A gray wall shows no card."""
    assert _locator().find(np.full((480, 640, 3), 128, np.uint8)) is None
