"""What cameras see during check-ins, said in words: an inspector, a reader and outcomes that need no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from portero_server.documents.desk import CapturedCheckIn
from portero_server.documents.sight import CardSight
from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.documents.capture import CardView
from portero_server.domain.documents.check_in import CheckInFailure
from portero_server.domain.documents.document import CardSide, DocumentKind, DocumentReading
from portero_server.domain.streams.frames import Frame, FrameRefused, RejectionReason
from portero_server.engines.base import CallContext, Pixels
from portero_server.errors import EngineError

SIDE = 96
"""Pixels of each side of the frames."""
_CORNERS = ((30.0, 60.0), (80.0, 60.0), (80.0, 92.0), (30.0, 92.0))
_QUALITY = FaceQuality(size=1.0, frontality=0.9, sharpness=0.9, brightness=1.0)
_FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def frame(words: str, number: int, *, received: float, lag: float = 0.05) -> Frame:
    """Returns a frame that shows what its words say: "front", "back", "dull", "face", "left" (a face there), "torn"."""
    seconds = number / 10
    at = _FIRST + timedelta(seconds=seconds)
    return Frame(number, at, words.encode(), SIDE, SIDE, received, lag, FrameTime(0, seconds, seconds, seconds))


class ReadingInspector:
    """Sees what the words of a frame say; `looks` counts the frames."""

    def __init__(self) -> None:
        self.looks = 0

    def look(self, frame: Frame) -> CardSight:
        """Returns what the frame's words say; the gray level of its pixels is its number."""
        self.looks += 1
        words = frame.jpeg.decode().split()
        if "torn" in words:
            raise FrameRefused(RejectionReason.UNDECODABLE, "torn")
        side = {"front": CardSide.FRONT, "back": CardSide.BACK, "dull": CardSide.FRONT}
        card = next((CardView(_CORNERS, side[word], 600.0, 0.0, 0.6, 0.0) for word in words if word in side), None)
        if card is not None and "dull" in words:
            card = replace(card, sharpness=0.1)
        places = {"face": 0.4, "left": 0.0}
        faces = [FoundFace(Box(places[word], 0.1, 0.2, 0.3), 1.0, _QUALITY) for word in words if word in places]
        return CardSight(np.full((SIDE, SIDE, 3), frame.sequence % 256, np.uint8), card, tuple(faces))


@dataclass(frozen=True)
class Card:
    """What the reader returns."""

    reading: DocumentReading = field(default_factory=lambda: DocumentReading(DocumentKind.ID_CARD_2024, ()))
    portraits: Sequence[Pixels] = ()
    paid_calls: int = 1
    framed: bool = False


class GivenReader:
    """Reads every card alike, or fails; remembers what it was shown."""

    def __init__(self, error: Exception | None = None) -> None:
        self.shown: list[Sequence[Pixels]] = []
        self.contexts: list[CallContext] = []
        self._error = error

    async def read(self, images: Sequence[Pixels], context: CallContext, today: date) -> Card:
        """Returns the card."""
        self.shown.append(images)
        self.contexts.append(context)
        if self._error is not None:
            raise self._error
        return Card()


class KeptOutcomes:
    """Keeps how captures ended."""

    def __init__(self) -> None:
        self.captures: dict[str, CapturedCheckIn] = {}
        self.failures: dict[str, CheckInFailure] = {}

    async def captured(self, check_in_id: str, capture: CapturedCheckIn) -> None:
        """Keeps a capture."""
        assert check_in_id not in self.captures | self.failures
        self.captures[check_in_id] = capture

    async def failed(self, check_in_id: str, reason: CheckInFailure) -> None:
        """Keeps a failure."""
        assert check_in_id not in self.captures | self.failures
        self.failures[check_in_id] = reason


def unavailable() -> EngineError:
    """Returns the error of an engine that cannot answer."""
    return EngineError("the engine does not answer", reason="ENGINE_UNAVAILABLE")
