"""Front and back, and which way up."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from portero_server.domain.documents.document import CardSide
from portero_server.vision.cards.codes import find_codes
from portero_server.vision.cards.flattening import upside_down
from portero_server.vision.cards.sides import classify_side, mrz_band
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.specimen import Series, specimen


@cache
def _detector() -> FaceDetector:
    return FaceDetector(choose_finder(DetectorOptions()).finder)


def _flat(series: Series, side: str) -> Pixels:
    flat = printed(specimen(8, series), side)
    return np.asarray(cv2.resize(flat, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("series", [Series.CARD_2013, Series.CARD_2024])
def test_a_back_is_recognized_by_its_mrz_alone(series: Series, turned: bool) -> None:
    """Without any code, the band of the MRZ says which side it is and which way up."""
    flat = _flat(series, "back")
    rectified = classify_side(upside_down(flat) if turned else flat, (), _detector())
    assert (rectified.side, rectified.turned, rectified.oriented) == (CardSide.BACK, turned, True)
    assert not rectified.whole
    assert (rectified.pixels == flat).all()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("series", [Series.CARD_2013, Series.FOREIGN_2024])
def test_a_front_is_recognized_by_its_portrait(series: Series, turned: bool) -> None:
    """The portrait says which side it is and which way up; the ghost does not."""
    flat = _flat(series, "front")
    rectified = classify_side(upside_down(flat) if turned else flat, (), _detector())
    assert (rectified.side, rectified.turned, rectified.oriented) == (CardSide.FRONT, turned, True)
    assert rectified.faces[0].box.center[0] < 0.5


@pytest.mark.parametrize("turned", [False, True])
def test_a_passport_is_whole_on_one_page(turned: bool) -> None:
    """Portrait and MRZ on one side are all that a passport has."""
    flat = _flat(Series.PASSPORT, "front")
    rectified = classify_side(upside_down(flat) if turned else flat, (), _detector())
    assert (rectified.side, rectified.whole, rectified.turned) == (CardSide.FRONT, True, turned)


def test_a_code_makes_it_a_back() -> None:
    """The QR code alone tells the side and which way up."""
    turned = upside_down(_flat(Series.CARD_2024, "back"))
    rectified = classify_side(turned, find_codes(turned), _detector())
    assert (rectified.side, rectified.turned) == (CardSide.BACK, True)


def test_an_empty_card_is_no_side() -> None:
    """Without portrait, MRZ and code no side is recognized, and nothing is turned."""
    blank = np.full((454, 720, 3), 200, np.uint8)
    rectified = classify_side(blank, (), _detector())
    assert (rectified.side, rectified.oriented, rectified.turned) == (None, False, False)


def test_a_front_has_no_mrz() -> None:
    """Print in columns does not pass for the lines of an MRZ."""
    assert mrz_band(_flat(Series.CARD_2013, "front")) is None
