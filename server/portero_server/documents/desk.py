"""What check-ins and their capture from a camera's stream say to each other.

The service begins a capture and may cancel it; the capture reports exactly one outcome, unless it was canceled. Both
live on the event loop of one process: a check-in is captured by the server that has the camera's stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from portero_server.domain.documents.check_in import CheckInFailure
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.judgment import FaceEvidence, Liveness
from portero_server.engines.base import CallContext, Pixels


@dataclass(frozen=True, slots=True)
class LiveFace:
    """The face of the person at the camera.

    Attributes:
        pixels: A picture of it with its surroundings, height x width x 3, BGR.
        faces: Most people that were before the camera at once; None: whoever compares counts them in `pixels`.
        quality: 0..1; None: not known.
        size: Width of the face in the frame, pixels; None: not known.
    """

    pixels: Pixels
    faces: int | None = None
    quality: float | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class CapturedCheckIn:
    """What a capture saw of one guest and one card.

    Attributes:
        reading: What the card says.
        portraits: Pictures of the faces on the card, best first; none: no face was found on it. BGR.
        live_face: The face seen in the same stream within the check-in; None: none that is good enough.
        liveness: What a passive look says; None: it is off.
        paid_calls: Calls that were paid for until now.
    """

    reading: DocumentReading
    portraits: Sequence[Pixels] = ()
    live_face: LiveFace | None = None
    liveness: Liveness | None = None
    paid_calls: int = 0


@dataclass(frozen=True, slots=True)
class ComparedPortrait:
    """How portrait and live face compare, and the paid calls it took."""

    evidence: FaceEvidence
    paid_calls: int = 0


class PortraitComparison(Protocol):
    """Compares the portraits of a card with the live face; one paid call at most."""

    async def compare(
        self, portraits: Sequence[Pixels], live_face: LiveFace | None, context: CallContext
    ) -> ComparedPortrait:
        """Returns the evidence; without portrait or live face it says so and asks nobody.

        Raises:
            EngineError: The engine could not answer.
        """
        ...


class CaptureDesk(Protocol):
    """Captures check-ins from the streams of cameras, one at a time for each camera."""

    def begin(self, camera_id: str, check_in_id: str, deadline: float) -> bool:
        """Begins to look for a card and a face in the camera's stream.

        Args:
            camera_id: The camera; a capture that runs on it is replaced, without an outcome.
            check_in_id: The check-in that gets the outcome.
            deadline: Monotonic seconds; when it comes, the capture fails as TIMED_OUT.

        Returns:
            Whether this server has the camera's stream; if not, nothing was begun.
        """
        ...

    def cancel(self, check_in_id: str) -> None:
        """Ends a capture without an outcome; does nothing if no capture has this id."""
        ...


class CaptureOutcomes(Protocol):
    """Receives the outcome of each capture; `CheckInService` implements it."""

    async def captured(self, check_in_id: str, capture: CapturedCheckIn) -> None:
        """Compares the faces, judges, and stores the result; never raises because of the check-in itself."""
        ...

    async def failed(self, check_in_id: str, reason: CheckInFailure) -> None:
        """Ends the check-in without a report: TIMED_OUT, STREAM_ENDED or ENGINE_FAILED."""
        ...
