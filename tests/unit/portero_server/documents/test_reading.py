"""Pictures of a document, read."""

from __future__ import annotations

import logging
from functools import cache
from io import StringIO

import numpy as np
import pytest
import structlog

from portero_server.documents.reading import CardReader
from portero_server.domain.cameras import Lane
from portero_server.domain.documents.document import Agreement, CardSide, DocumentKind, Field, Zone
from portero_server.domain.documents.reasons import Reason
from portero_server.engines.base import CallContext
from portero_server.vision.detect.choice import choose_finder
from portero_server.vision.detect.face_detector import FaceDetector
from portero_server.vision.detect.options import DetectorOptions
from portero_server.vision.opencv import cv2
from portero_server.vision.pixels import Pixels
from tests.support.cards.layouts import printed
from tests.support.cards.phone import on_a_phone
from tests.support.cards.shooting import CLEAN, LIGHT, shot
from tests.support.cards.specimen import TODAY, Series, specimen
from tests.support.cards.typeset_engine import TypesetEngine

_CONTEXT = CallContext(camera_id=None, lane=Lane.CHECK_IN)


@cache
def _detector() -> FaceDetector:
    return FaceDetector(choose_finder(DetectorOptions()).finder)


@cache
def _picture(series: Series, side: str, *, turned: bool = False, phone: bool = False) -> Pixels:
    flat = printed(specimen(9, series), side)
    taken = shot(on_a_phone(flat) if phone else flat, CLEAN if phone else LIGHT, (1280, 960), 4, turned=turned)
    return np.asarray(cv2.imdecode(np.frombuffer(taken.jpeg, np.uint8), cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("series", [Series.CARD_2013, Series.CARD_2024])
async def test_both_sides_are_read_by_one_call(series: Series, reverse: bool) -> None:
    """In either order, all fields are right, three zones agree, and one call is paid for."""
    engine = TypesetEngine(specimen(9, series))
    pictures = [_picture(series, "front"), _picture(series, "back", turned=reverse)]
    read = await CardReader(engine, _detector()).read(pictures[::-1] if reverse else pictures, _CONTEXT, TODAY)
    truth = specimen(9, series).truth
    assert {field.value: read.reading.value(field) for field in Field} == truth
    run = read.reading.reading(Field.RUN)
    assert run.agreement is Agreement.AGREES
    assert {source.zone for source in run.sources} == {Zone.PRINT, Zone.MRZ, Zone.QR}
    assert (engine.readings, read.calls, read.paid_calls, read.framed) == (1, 1, 1, False)
    assert [side.side for side in read.sides] == [CardSide.FRONT, CardSide.BACK]
    assert read.portraits


async def test_a_picture_with_too_many_words_is_read_side_by_side() -> None:
    """Where an answer may have been cut off, each side gets a call of its own."""
    engine = TypesetEngine(specimen(9, Series.CARD_2013), more_words=60)
    pictures = [_picture(Series.CARD_2013, "front"), _picture(Series.CARD_2013, "back")]
    read = await CardReader(engine, _detector()).read(pictures, _CONTEXT, TODAY)
    assert (engine.readings, read.calls) == (3, 3)


async def test_a_front_alone_lacks_a_side() -> None:
    """What is printed is read, and the reading says that the back is missing."""
    engine = TypesetEngine(specimen(9, Series.CARD_2013), paid=False)
    read = await CardReader(engine, _detector()).read([_picture(Series.CARD_2013, "front")], _CONTEXT, TODAY)
    assert read.reading.value(Field.RUN) == specimen(9, Series.CARD_2013).holder.run
    assert Reason.SIDE_MISSING in read.reading.reasons
    assert read.paid_calls == 0


async def test_a_passport_is_read_from_its_page() -> None:
    """One picture, print and MRZ together, nothing missing."""
    engine = TypesetEngine(specimen(9, Series.PASSPORT))
    read = await CardReader(engine, _detector()).read([_picture(Series.PASSPORT, "front")], _CONTEXT, TODAY)
    assert read.reading.kind is DocumentKind.PASSPORT
    assert read.reading.reasons == ()
    assert read.reading.value(Field.DOCUMENT_NUMBER) == specimen(9, Series.PASSPORT).number


async def test_the_sharper_of_two_pictures_of_a_side_is_read() -> None:
    """Two fronts are one side: the blurred one is left out."""
    sharp = _picture(Series.CARD_2013, "front")
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 4), dtype=np.uint8)
    read = await CardReader(TypesetEngine(specimen(9, Series.CARD_2013)), _detector()).read(
        [blurred, sharp], _CONTEXT, TODAY
    )
    assert [side.side for side in read.sides] == [CardSide.FRONT]
    assert read.sides[0].pixels.std() > 0
    assert Reason.SIDE_MISSING in read.reading.reasons


async def test_a_photocopy_on_a_screen_lies_in_a_frame() -> None:
    """The frame around the card is told, for whoever judges."""
    pictures = [_picture(Series.CARD_2013, side, phone=True) for side in ("front", "back")]
    read = await CardReader(TypesetEngine(specimen(9, Series.CARD_2013)), _detector()).read(pictures, _CONTEXT, TODAY)
    assert read.framed


@pytest.mark.parametrize("series", [Series.CARD_2013, Series.PASSPORT])
async def test_reading_a_card_logs_nothing_of_it(series: Series, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with the finest level of every library's log, no line holds a value of the card, as printed or as coded."""
    card = specimen(9, series)
    root, written = logging.getLogger(), StringIO()
    monkeypatch.setattr(root, "handlers", [logging.StreamHandler(written)])
    level = root.level
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as logs:
            logging.getLogger("library").debug("is heard")
            pictures = [_picture(series, side) for side in series.sides]
            read = await CardReader(TypesetEngine(card), _detector()).read(pictures, _CONTEXT, TODAY)
    finally:
        root.setLevel(level)
    assert read.reading.value(Field.RUN) == card.holder.run
    lines = str(logs) + written.getvalue()
    assert "is heard" in lines
    values = {value for name, value in card.truth.items() if name not in ("sex", "nationality")}
    for secret in (*values, *card.holder.surnames.split(), *card.holder.given_names.split(), *card.mrz):
        assert secret not in lines
