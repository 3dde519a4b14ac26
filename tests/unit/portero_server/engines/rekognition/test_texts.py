"""Reading several images in fewer calls."""

from __future__ import annotations

import numpy as np
import pytest

from portero_server.domain.cameras import Lane
from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.engines.base import CallContext, Pixels
from portero_server.engines.rekognition.texts import read_texts
from portero_server.errors import EngineError, EngineThrottled

_CARD_LEVELS = (10, 20, 30)


class _Reader:
    """Reads a solid gray card as its gray level: one line and `words` words, wherever the card lies."""

    def __init__(self, words: int = 1) -> None:
        self.images: list[Pixels] = []
        self.contexts: list[CallContext] = []
        self.across: tuple[int, int] | None = None
        self.broken_sheets = False
        self._words = words

    async def read(self, image: Pixels, context: CallContext) -> list[Text]:
        self.images.append(image)
        self.contexts.append(context)
        boxes = {level: box for level in _CARD_LEVELS if (box := _box_of(image, level)) is not None}
        if self.broken_sheets and len(boxes) > 1:
            raise EngineThrottled("throttled")
        texts = [Text(f"card {level}", TextKind.LINE, box, 0.9) for level, box in boxes.items()]
        texts += [Text(str(level), TextKind.WORD, box, 0.9) for level, box in boxes.items() for _ in range(self._words)]
        if self.across is not None and all(level in boxes for level in self.across):
            first, second = (boxes[level] for level in self.across)
            left, right = min(first.left, second.left), max(first.right, second.right)
            texts.append(Text("joined", TextKind.LINE, Box(left, first.top, right - left, 0.01), 0.9))
        return texts


def _box_of(image: Pixels, level: int) -> Box | None:
    rows, columns = np.nonzero(image[:, :, 0] == level)
    if not len(rows):
        return None
    edges = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    return Box.from_pixels(*edges, width=image.shape[1], height=image.shape[0])


def _card(level: int, width: int = 300, height: int = 200) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def _context(lane: Lane = Lane.VISITOR, deadline: float | None = None, camera: str | None = "door") -> CallContext:
    return CallContext(camera, lane, deadline)


def _contents(answers: object) -> list[list[str]]:
    assert isinstance(answers, list)
    return [[text.content for text in answer] for answer in answers]


async def test_small_images_share_one_call_and_get_their_own_text() -> None:
    """Three cards on one sheet cost one call; each gets its own lines, with boxes in its own ratios."""
    reader = _Reader()
    cards = [_card(10), _card(20, 200, 100), _card(30)]

    answers = await read_texts(reader.read, cards, [_context()] * 3, shared=True)

    assert [image.shape for image in reader.images] == [(1080, 1920, 3)]
    assert _contents(answers) == [["card 10", "10"], ["card 20", "20"], ["card 30", "30"]]
    box = answers[1][0].box if not isinstance(answers[1], EngineError) else None
    assert box is not None
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0, 0, 1, 1))


async def test_without_sheets_every_image_has_its_call() -> None:
    """By default nothing is shared."""
    reader = _Reader()

    answers = await read_texts(reader.read, [_card(10), _card(20)], [_context()] * 2, shared=False)

    assert len(reader.images) == 2
    assert _contents(answers) == [["card 10", "10"], ["card 20", "20"]]


async def test_images_that_no_sheet_takes_are_asked_for_alone() -> None:
    """An image as large as the canvas, and one that would be alone on its sheet, go as they are."""
    reader = _Reader()

    answers = await read_texts(reader.read, [_card(10, 1920, 1080), _card(20)], [_context()] * 2, shared=True)

    assert sorted(image.shape for image in reader.images) == [(200, 300, 3), (1080, 1920, 3)]
    assert _contents(answers) == [["card 10", "10"], ["card 20", "20"]]


async def test_text_across_a_gutter_makes_its_images_be_read_alone() -> None:
    """When a line joins two cards, these two are asked for again, each alone; the third keeps its answer."""
    reader = _Reader()
    reader.across = (10, 20)

    answers = await read_texts(reader.read, [_card(10), _card(20), _card(30)], [_context()] * 3, shared=True)

    assert len(reader.images) == 3
    assert _contents(answers) == [["card 10", "10"], ["card 20", "20"], ["card 30", "30"]]


async def test_sheet_that_reaches_the_word_limit_is_read_again_one_by_one() -> None:
    """At 100 words a sheet may hold more than was given, so each image is asked for alone."""
    reader = _Reader(words=50)

    answers = await read_texts(reader.read, [_card(10), _card(20)], [_context()] * 2, shared=True)

    assert len(reader.images) == 3
    assert [len(contents) for contents in _contents(answers)] == [51, 51]


async def test_shared_call_is_as_urgent_as_its_most_urgent_image() -> None:
    """A sheet takes the first lane and the earliest deadline, and a camera only when all are of one."""
    reader = _Reader()
    contexts = [_context(Lane.ATTENDANCE, 9.0), _context(Lane.CHECK_IN, None), _context(Lane.VISITOR, 5.0, "hall")]

    await read_texts(reader.read, [_card(10), _card(20), _card(30)], contexts, shared=True)

    assert reader.contexts == [CallContext(None, Lane.CHECK_IN, 5.0)]


async def test_failed_sheet_fails_its_images_and_no_others() -> None:
    """When the shared call fails, each of its images has the error; images with calls of their own are answered."""
    reader = _Reader()
    reader.broken_sheets = True

    answers = await read_texts(
        reader.read, [_card(10), _card(20), _card(30, 1920, 1080)], [_context()] * 3, shared=True
    )

    assert [isinstance(answer, EngineThrottled) for answer in answers] == [True, True, False]
