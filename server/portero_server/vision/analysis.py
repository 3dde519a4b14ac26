"""The interface between streams and image processing: what the analysis of a frame returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.detection.glimpse import Glimpse
from portero_server.domain.gate.cadence import When
from portero_server.domain.streams.frames import Frame, FrameOutcome, FrameRefused
from portero_server.vision.pixels import Pixels

_SEARCHED = (FrameOutcome.EMPTY, FrameOutcome.WITH_FACES)


@dataclass(frozen=True, slots=True)
class FrameAnalysis:
    """What was found in a frame.

    Attributes:
        outcome: DUPLICATE, UNCHANGED, SKIPPED, EMPTY or WITH_FACES.
        faces: Largest first.
        pixels: The decoded frame, when there is something to take from it; else None.
        thorough: Whether small faces were searched for.
        share: Largest share of the picture, 0..1, by which a frame since the last look differed from the background.
        damaged: Whether the picture data is damaged, so that the frame was passed over; its outcome is SKIPPED.
        glimpse: What the picture says of the camera's view; of one frame a second, and only where it is asked for.
        sharpness: Sharpness of the whole frame, 0..1; only when it was decoded for text.
        seconds: Time the look took, without the wait for a thread.
        gate_seconds: The part of it that the gate took; all of it when the gate stopped the frame.
    """

    outcome: FrameOutcome
    faces: tuple[FoundFace, ...] = ()
    pixels: Pixels | None = None
    thorough: bool = False
    share: float = 0.0
    sharpness: float = 0.0
    damaged: bool = False
    glimpse: Glimpse | None = None
    seconds: float = 0.0
    gate_seconds: float = 0.0

    @property
    def detect_seconds(self) -> float | None:
        """Seconds spent after the gate; None if the gate stopped the frame."""
        return None if self.seconds == self.gate_seconds else self.seconds - self.gate_seconds

    @property
    def searched(self) -> bool:
        """Whether the frame was decoded in full and searched; this affects how the next frame is treated."""
        return self.outcome in _SEARCHED


class FrameAnalyzer(Protocol):
    """Analyzes the frames of one camera; keeps the state between frames."""

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis | FrameRefused]:
        """Analyzes frames in order. Must not be called again before the last call returned.

        Args:
            frames: The next frames, at least one.
            when: Whether to decode and detect one that changed, and whether thoroughly.
            text: Whether the camera is read for text: decode, detect nothing.

        Returns:
            What was seen in the first of them, or that it cannot be decoded; at least one. Nothing comes after one
            that was searched.
        """
        ...


class AnalyzerSource(Protocol):
    """Creates frame analyzers."""

    def scene(self) -> FrameAnalyzer:
        """Creates the analyzer of one stream."""
        ...
