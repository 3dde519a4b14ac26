"""Reads one or two pictures of a document: codes first, which are free, then the text of all sides in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.document import CardSide, CardText, DocumentReading, ReadLine
from portero_server.domain.documents.reading import read_text
from portero_server.engines.base import CallContext, Engine, Pixels
from portero_server.vision.cards.clarity import card_sharpness
from portero_server.vision.cards.codes import FoundCode, find_codes
from portero_server.vision.cards.flattening import upside_down
from portero_server.vision.cards.locator import CardLocator
from portero_server.vision.cards.sides import PortraitDetector, RectifiedSide
from portero_server.vision.cards.spacing import with_spaces
from portero_server.vision.cards.spoof import framed
from portero_server.vision.cards.stacking import stacked
from portero_server.vision.crops import crop_face

MAX_WORDS = 100
"""An engine may return no more words of one picture (DetectText); a picture that reaches the limit may hold more."""
_CLEAR = 0.8
"""Mean confidence of a side's lines from which they make sense; upside down they stay below."""
_FEWEST_LINES = 3


@dataclass(frozen=True, slots=True)
class FlatSide:
    """A side of a document, flat and upright, BGR."""

    side: CardSide
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """What was read of a document.

    Attributes:
        reading: Its fields, with all their sources.
        portraits: The faces on it with their surroundings, the portrait first, then its ghost; BGR.
        sides: What was seen of it; the boxes of the reading's sources are ratios of these.
        calls: How often text was read.
        paid_calls: How many of these calls were paid for.
        framed: Whether a side lies in an even frame, as on a phone's screen or a photocopy.
    """

    reading: DocumentReading
    portraits: tuple[Pixels, ...]
    sides: tuple[FlatSide, ...]
    calls: int
    paid_calls: int
    framed: bool


@dataclass(frozen=True, slots=True)
class _Seen:
    """One picture, located; `rectified.side` is a guess where `certain` is False."""

    rectified: RectifiedSide
    codes: tuple[FoundCode, ...]
    framed: bool
    certain: bool = True

    @property
    def side(self) -> CardSide:
        return self.rectified.side or CardSide.FRONT


class CardReader:
    """Reads documents with an engine. Has no state between documents."""

    def __init__(self, engine: Engine, detector: PortraitDetector) -> None:
        """Uses an engine that reads text, and a detector of faces for portraits."""
        self._engine = engine
        self._detector = detector
        self._locator = CardLocator(detector)

    async def read(self, images: Sequence[Pixels], context: CallContext, today: date) -> DocumentRead:
        """Reads pictures of one document, in any order, turned and tilted.

        Args:
            images: One picture, or one a side; height x width x 3, BGR. Of several of one side the sharpest is read.
            context: The purpose of the calls.
            today: The site's date.

        Raises:
            EngineError: The engine could not answer.
        """
        located = await asyncio.gather(*(asyncio.to_thread(self._see, image) for image in images))
        seen = await asyncio.to_thread(_one_a_side, located)
        texts, calls = await self._texts(seen, context)
        if len(seen) == 1 and not seen[0].certain:
            seen = [_by_text(seen[0], texts[0])]
        lines = [line for each, found in zip(seen, texts, strict=True) for line in _lines(each, found)]
        codes = [code.on(each.side) for each in seen for code in each.codes]
        reading = read_text(CardText(tuple(lines), tuple(codes)), today)
        portraits = await asyncio.to_thread(self._portraits, seen)
        return DocumentRead(
            reading=reading,
            portraits=portraits,
            sides=tuple(FlatSide(each.side, each.rectified.pixels) for each in seen),
            calls=calls,
            paid_calls=calls if self._engine.traits.paid else 0,
            framed=any(each.framed for each in seen),
        )

    def _see(self, image: Pixels) -> _Seen:
        located = self._locator.locate(image)
        codes = located.codes
        around = located.outlined and framed(image, located.corners)
        if not codes and located.rectified.side is not CardSide.FRONT:
            # The whole picture may show more of a code than the flat document.
            codes = find_codes(image)
            if codes:
                return _Seen(replace(located.rectified, side=CardSide.BACK), codes, around)
        return _Seen(located.rectified, codes, around, certain=located.rectified.side is not None)

    async def _texts(self, seen: Sequence[_Seen], context: CallContext) -> tuple[list[list[Text]], int]:
        """Returns the texts of each side, and how many calls that took."""
        stack = stacked([each.rectified.pixels for each in seen])
        texts = await self._engine.read_text(stack.pixels, context)
        calls = 1
        if len(seen) == 1 or sum(text.kind is TextKind.WORD for text in texts) < MAX_WORDS:
            shares = stack.share(texts)
        else:
            calls += len(seen)
            shares = [list(await self._engine.read_text(each.rectified.pixels, context)) for each in seen]
        for number, each in enumerate(seen):
            if not each.rectified.oriented and not _makes_sense(shares[number]):
                turned = await self._engine.read_text(upside_down(each.rectified.pixels), context)
                calls += 1
                if _clarity(turned) > _clarity(shares[number]):
                    shares[number] = [_around(text) for text in turned]
        return shares, calls

    def _portraits(self, seen: Sequence[_Seen]) -> tuple[Pixels, ...]:
        fronts = [each.rectified for each in seen if each.side is CardSide.FRONT]
        if not fronts:
            return ()
        front = fronts[0]
        faces = front.faces or self._detector.find(front.pixels, thorough=True)
        return tuple(crop_face(front.pixels, face.box).pixels for face in faces)


def _one_a_side(seen: Sequence[_Seen]) -> list[_Seen]:
    """Returns the front, then the back; of two pictures, one not recognized is the side that the other is not."""
    if len(seen) == 1:
        return list(seen)
    recognized = {each.side for each in seen if each.certain}
    missing = [side for side in CardSide if side not in recognized]
    named = []
    for each in seen:
        if not each.certain:
            each = replace(each, rectified=replace(each.rectified, side=missing.pop(0) if missing else CardSide.FRONT))
        named.append(each)
    best: dict[CardSide, _Seen] = {}
    for each in named:
        rival = best.get(each.side)
        if rival is None or card_sharpness(each.rectified.pixels) > card_sharpness(rival.rectified.pixels):
            best[each.side] = each
    return [best[side] for side in CardSide if side in best]


def _by_text(seen: _Seen, texts: Sequence[Text]) -> _Seen:
    """Returns an only picture with its side recognized by the fillers of an MRZ."""
    filled = any("<<" in text.content for text in texts)
    return replace(seen, rectified=replace(seen.rectified, side=CardSide.BACK if filled else CardSide.FRONT))


def _lines(seen: _Seen, texts: Sequence[Text]) -> list[ReadLine]:
    flat = seen.rectified.pixels
    return [
        ReadLine(with_spaces(text.content, flat, text.box), text.confidence, text.box, seen.side)
        for text in texts
        if text.kind is TextKind.LINE
    ]


def _makes_sense(texts: Sequence[Text]) -> bool:
    lines = [text for text in texts if text.kind is TextKind.LINE and text.confidence >= _CLEAR]
    return len(lines) >= _FEWEST_LINES and _clarity(texts) >= _CLEAR


def _clarity(texts: Sequence[Text]) -> float:
    """Returns the mean confidence of the lines, each counted by its length."""
    lines = [text for text in texts if text.kind is TextKind.LINE]
    length = sum(len(line.content) for line in lines)
    return sum(line.confidence * len(line.content) for line in lines) / length if length else 0.0


def _around(text: Text) -> Text:
    box = text.box
    return replace(text, box=Box(1 - box.right, 1 - box.bottom, box.width, box.height))
