"""The writers of specimens, held against published examples, and the camera."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from portero_server.vision.opencv import cv2
from tests.support.cards.holders import Holder, run_of
from tests.support.cards.layouts import printed
from tests.support.cards.shooting import CLEAN, HEAVY, shot
from tests.support.cards.specimen import Series, specimen
from tests.support.cards.zone_writer import MrzContent, check_digit, td1, transliterated


@pytest.mark.parametrize(("text", "digit"), [("520727", "3"), ("AB2134<<<", "5"), ("L898902C3", "6"), ("740812", "2")])
def test_check_digits_are_those_of_the_published_examples(text: str, digit: str) -> None:
    """The weights are 7, 3 and 1, and letters count from 10."""
    assert check_digit(text) == digit


def test_a_run_of_each_kind_of_digit_is_written() -> None:
    """Eleven is written 0 and ten K."""
    assert [run_of(body) for body in (12_345_678, 6, 14_000_000)] == ["12345678-5", "6-K", "14000000-0"]


def test_a_card_says_the_same_in_all_its_zones() -> None:
    """Number, birth, expiry and RUN of the print are in MRZ and link."""
    holder = Holder("PÉREZ ÑANCUPIL", "MARÍA JOSÉ", "12345678-5", "CHL", "F", date(1982, 4, 15))
    lines = td1(MrzContent(holder, "519876543", date(2028, 4, 15), "S47"))
    assert lines[0] == "INCHL5198765430S47<<<<<<<<<<<<"
    assert lines[1][:-1] == "8204158F2804154CHL12345678<5<"
    assert lines[2] == "PEREZ<NANCUPIL<<MARIA<JOSE<<<<"


def test_names_are_spelled_in_plain_letters() -> None:
    """Accents and tildes go, and words are divided by one mark."""
    assert transliterated("MUÑOZ GÜIRALDES O'RYAN") == "MUNOZ<GUIRALDES<ORYAN"


@pytest.mark.parametrize("series", list(Series))
def test_a_seed_prints_the_same_document_twice(series: Series) -> None:
    """Whatever the series, both sides depend on the seed alone, and pictures of them too."""
    once, again = specimen(11, series), specimen(11, series)
    assert once == again
    for side in series.sides:
        pages = printed(once, side), printed(again, side)
        assert (pages[0] == pages[1]).all()
    pictures = [shot(pages[0], HEAVY, (640, 480), 5).jpeg for _ in range(2)]
    assert pictures[0] == pictures[1]


def test_the_printed_qr_code_is_read_by_an_independent_reader() -> None:
    """OpenCV's own reader finds the link in a clean picture."""
    card = specimen(4, Series.CARD_2024)
    picture = shot(printed(card, "back"), CLEAN, (1280, 720), 1)
    pixels = np.asarray(cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR))
    assert cv2.QRCodeDetector().detectAndDecode(pixels)[0] == card.qr
