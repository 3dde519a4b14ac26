"""Eyes that read off a frame what the script shows, in place of decoding and detecting."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.gate.cadence import When
from portero_server.domain.streams.frames import Frame, FrameOutcome
from portero_server.vision.analysis import FrameAnalysis
from tests.support.model.script import Sight, color_of, read_mark, shown

_HEIGHT, _WIDTH = 96, 128


class ScriptedVision:
    """Stands in for `vision.analyzer.Eyes`; remembers nothing between frames."""

    def __init__(self, see: Callable[[Frame], FrameAnalysis] | None = None) -> None:
        """Sees by `see`; without, what the script shows."""
        self._see = see or _look

    def scene(self) -> ScriptedVision:
        """Begins a scene for one stream."""
        return self

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis]:
        """Returns the looks that the script foresees; see `vision.analysis.FrameAnalyzer`."""
        looks: list[FrameAnalysis] = []
        for frame in frames:
            looks.append(self._see(frame))
            if looks[-1].searched:
                break
        return looks

    async def aclose(self) -> None:
        """Holds nothing."""


def _look(frame: Frame) -> FrameAnalysis:
    camera, index = read_mark(frame.jpeg)
    seen = shown(camera, index)
    if seen.sight is not Sight.FACE:
        return FrameAnalysis(FrameOutcome(seen.sight.value))
    face = FoundFace(seen.box, 0.99, FaceQuality(1.0, 1.0, 1.0, 1.0))
    pixels = np.zeros((_HEIGHT, _WIDTH, 3), np.uint8)
    left, top, right, bottom = seen.box.to_pixels(_WIDTH, _HEIGHT)
    pixels[top:bottom, left:right] = color_of(seen.person)
    return FrameAnalysis(FrameOutcome.WITH_FACES, (face,), pixels)
