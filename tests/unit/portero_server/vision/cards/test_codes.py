"""QR and PDF417 codes on documents."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.documents.document import CardSide
from portero_server.vision.cards.codes import find_codes
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.specimen import Series, specimen


def _back(series: Series, width: int = 860) -> Pixels:
    flat = printed(specimen(5, series), "back")
    height = round(flat.shape[0] * width / flat.shape[1])
    return np.asarray(cv2.resize(flat, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


@pytest.mark.parametrize("series", [Series.CARD_2013, Series.CARD_2024, Series.FOREIGN_2024])
def test_the_link_of_each_series_is_decoded_where_it_is_printed(series: Series) -> None:
    """The content is the whole link, and the box lies where the series has its code."""
    (code,) = find_codes(_back(series))
    read = code.on(CardSide.BACK)
    assert (read.symbology, read.content, read.side) == ("qr", specimen(5, series).qr, CardSide.BACK)
    assert (code.box.center[0] > 0.5) is series.new
    assert code.turned == 0


def test_a_card_upside_down_is_told_by_its_code() -> None:
    """The code says that it is turned by half a turn, and `around` undoes that."""
    flat = _back(Series.CARD_2013)
    (code,) = find_codes(np.ascontiguousarray(flat[::-1, ::-1]))
    assert code.turned == 180
    (upright,) = find_codes(flat)
    assert code.around().turned == 0
    assert code.around().box.iou(upright.box) > 0.9


def test_the_code_of_cards_before_2013_is_decoded() -> None:
    """PDF417, with the text that is in it."""
    (code,) = find_codes(_back(Series.LEGACY))
    assert (code.symbology, code.content) == ("pdf417", specimen(5, Series.LEGACY).pdf417)


def test_a_blurred_code_is_decoded_after_all() -> None:
    """Squares of three pixels, blurred by one, are decoded enlarged and sharpened."""
    blurred = cv2.GaussianBlur(_back(Series.CARD_2024, 700), (0, 0), 1.1)
    (code,) = find_codes(np.asarray(blurred, dtype=np.uint8))
    assert code.content == specimen(5, Series.CARD_2024).qr


def test_a_front_has_no_code() -> None:
    """Nothing is decoded of print, portrait and background."""
    assert find_codes(printed(specimen(5, Series.CARD_2013), "front")) == ()
