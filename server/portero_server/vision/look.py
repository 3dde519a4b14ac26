"""What looking at a frame is: the seam between the pipeline and whatever sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.cadence import Due
from portero_server.domain.detections import FoundFace
from portero_server.domain.frames import Frame, FrameOutcome
from portero_server.vision.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Look:
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


class Scene(Protocol):
    """What is remembered of one camera between frames."""

    async def look(self, frame: Frame, due: Due, *, text: bool) -> Look:
        """Looks at a frame; never called again before the last look came back.

        Args:
            frame: The next frame.
            due: Whether to decode and detect if it changed, and whether thoroughly.
            text: Whether the camera is read for text: decode, detect nothing.

        Raises:
            FrameRefused: It cannot be decoded.
        """
        ...


class Looker(Protocol):
    """Makes scenes."""

    def scene(self) -> Scene:
        """Begins a scene for one stream."""
        ...
