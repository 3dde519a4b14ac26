"""The codes on cards: links of both series, and the code of the cards before 2013."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portero_server.domain.documents.codes import read_pdf417, read_qr
from portero_server.domain.documents.run import Run
from tests.support.cards.specimen import TODAY, Series, specimen

_CODED = [Series.CARD_2013, Series.CARD_2024, Series.FOREIGN_2013, Series.FOREIGN_2024]


@pytest.mark.parametrize("series", _CODED)
def test_a_link_is_read_and_written_again(series: Series) -> None:
    """Everything in the link is read, and the link that is written from it is the same."""
    for seed in range(20):
        card = specimen(seed, series)
        assert card.qr is not None
        code = read_qr(card.qr)
        assert code is not None
        assert (code.series, code.foreign) == (2024 if series.new else 2013, series.foreign)
        assert (str(code.run), code.number, code.serial) == (card.holder.run, card.number, card.number)
        assert (code.birth(TODAY), code.expiry) == (card.holder.birth, card.expires)
        assert code.digits_right
        assert code.link() == card.qr


@pytest.mark.parametrize(
    "content",
    [
        "",
        "WIFI:S:guests;;",
        "https://example.com/docstatus?RUN=12345678-5&type=CEDULA",
        "https://registrocivil.cl.example.com/docstatus?RUN=12345678-5",
        "https://www.registrocivil.cl/",
        "http://[::1",
    ],
)
def test_other_codes_are_none(content: str) -> None:
    """A code that is not the registry's link says nothing of a card."""
    assert read_qr(content) is None


def test_a_link_that_contradicts_itself_is_told() -> None:
    """Each digit of its copy of the MRZ counts, and the number must be the same twice."""
    link = specimen(1, Series.CARD_2013).qr or ""
    head, _, copy = link.partition("&mrz=")
    for place, digit in enumerate(copy):
        other = str((int(digit) + 1) % 10)
        changed = read_qr(f"{head}&mrz={copy[:place]}{other}{copy[place + 1 :]}")
        assert changed is not None
        assert not changed.digits_right
    code = read_qr(link)
    assert code is not None
    assert not replace(code, serial="100000000").digits_right
    assert not replace(code, run=Run(12_345_678, "0")).digits_right
    short = read_qr(head)
    assert short is not None
    assert (short.copy, short.birth(TODAY), short.expiry, short.digits_right) == ("", None, None, False)


def test_the_code_of_an_old_card_is_read() -> None:
    """RUN and first surname are read; seven digits may be padded in front or behind."""
    for seed in range(20):
        card = specimen(seed, Series.LEGACY)
        code = read_pdf417(card.pdf417 or "")
        assert code is not None
        assert str(code.run) == card.holder.run
        assert code.surname
    seven = Run.of(7_654_321)
    padded = read_pdf417(f"{seven.body}{seven.digit} ".ljust(19) + "SOTO\0\0\0\0CHL130101")
    assert padded is not None
    assert (padded.run, padded.surname) == (seven, "SOTO")


@pytest.mark.parametrize("content", ["", "hello", "123456780          SOTO", "ABCDEFGHI          SOTO"])
def test_other_pdf417_codes_are_none(content: str) -> None:
    """Without a valid RUN at its beginning it is not a card's."""
    assert read_pdf417(content) is None
