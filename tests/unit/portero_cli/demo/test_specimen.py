from __future__ import annotations

from datetime import date

import numpy as np
import zxingcpp

from portero_cli.demo.specimen import demo_specimen, draw_back, draw_front
from tests.support.cards.holders import Holder, run_of
from tests.support.cards.zone_writer import MrzContent, qr_link, td1

TODAY = date(2026, 11, 27)


def test_the_specimen_says_what_an_independent_writer_says() -> None:
    """MRZ, QR link and RUN of the demo's card have the digits that an independent writer gives them."""
    card = demo_specimen(TODAY)
    holder = Holder(card.surnames, card.given_names, card.run, "CHL", "F", card.birth)
    content = MrzContent(holder, card.number, card.expires)
    assert card.mrz == td1(content)
    assert card.link == qr_link(content, new=True, foreign=False)
    assert card.run == run_of(12345678)
    assert card.expires > TODAY


def test_the_drawn_card_has_a_code_that_is_read() -> None:
    """The QR code on the drawn back says what the card says, and both sides have a card's shape."""
    card = demo_specimen(TODAY)
    front, back = draw_front(card), draw_back(card)
    (code,) = zxingcpp.read_barcodes(np.asarray(back))
    assert code.text == card.link
    assert front.size == back.size
    assert abs(front.width / front.height - 85.6 / 53.98) < 0.01
