"""An engine that reads a specimen without looking at it: what is written there, where it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portero_server.domain.detection.detections import Text, TextKind
from portero_server.domain.detection.geometry import WHOLE, Box
from portero_server.engines.base import CallContext, EngineTraits, Pixels
from portero_server.engines.scripted import ScriptedEngine
from tests.support.cards.layouts import typeset
from tests.support.cards.specimen import Specimen

_GUTTER = 24


class TypesetEngine(ScriptedEngine):
    """Reads the sides of one specimen, which must come upright, alone or with the front above the back.

    Attributes:
        readings: How many pictures were read.
        paid: Whether its calls cost money.
        only: The side that single pictures show.
        more_words: Words that it finds beside those that are written.
    """

    def __init__(self, specimen: Specimen, *, only: str = "front", paid: bool = True, more_words: int = 0) -> None:
        super().__init__()
        self.readings = 0
        self.paid, self.only, self.more_words = paid, only, more_words
        self._specimen = specimen

    @property
    def traits(self) -> EngineTraits:
        """The scripted engine's, paid or not."""
        return replace(super().traits, paid=self.paid)

    async def read_text(self, image: Pixels, context: CallContext) -> Sequence[Text]:
        """Returns the lines, then the words."""
        self.readings += 1
        height, width = image.shape[:2]
        if height <= width:
            lines = typeset(self._specimen, self.only)
        else:
            share = (height - _GUTTER) / 2 / height
            regions = (Box(0, 0, 1, share), Box(0, 1 - share, 1, share))
            lines = [
                _inside(text, region)
                for side, region in zip(("front", "back"), regions, strict=True)
                for text in typeset(self._specimen, side)
            ]
        words = [replace(line, kind=TextKind.WORD, content=word) for line in lines for word in line.content.split()]
        return lines + words + [Text("x", TextKind.WORD, WHOLE, 0.5)] * self.more_words


def _inside(text: Text, region: Box) -> Text:
    box = text.box
    moved = Box(box.left, region.top + box.top * region.height, box.width, box.height * region.height)
    return replace(text, box=moved)
