"""What looking at a frame is: the seam between the pipeline and whatever sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.detection.detections import FoundFace
from portero_server.domain.gate.cadence import When
from portero_server.domain.streams.frames import Frame, FrameOutcome, FrameRefused
from portero_server.vision.pixels import Pixels

_SEARCHED = (FrameOutcome.EMPTY, FrameOutcome.WITH_FACES)


@dataclass(frozen=True, slots=True)
class FrameAnalysis:
    """What was seen in a frame.

    Attributes:
        outcome: DUPLICATE, UNCHANGED, SKIPPED, EMPTY or WITH_FACES.
        faces: Largest first.
        pixels: The decoded frame, when there is something to take from it; else None.
        thorough: Whether small faces were searched for.
        sharpness: Of the whole frame, 0..1; only when it was decoded for text.
        seconds: Time the look took, without the wait for a thread.
        gate_seconds: The part of it that the gate took; all of it when the gate stopped the frame.
    """

    outcome: FrameOutcome
    faces: tuple[FoundFace, ...] = ()
    pixels: Pixels | None = None
    thorough: bool = False
    sharpness: float = 0.0
    seconds: float = 0.0
    gate_seconds: float = 0.0

    @property
    def detect_seconds(self) -> float | None:
        """What it took after the gate; None when the gate stopped the frame."""
        return None if self.seconds == self.gate_seconds else self.seconds - self.gate_seconds

    @property
    def searched(self) -> bool:
        """Whether the frame was decoded in full; what is to be done with the next one depends on it."""
        return self.outcome in _SEARCHED


class FrameAnalyzer(Protocol):
    """What is remembered of one camera between frames."""

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis | FrameRefused]:
        """Looks at frames in order; never called again before the last answer came back.

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
    """Makes the analyzers of streams."""

    def scene(self) -> FrameAnalyzer:
        """Returns an analyzer for one new stream, which remembers nothing yet."""
        ...
