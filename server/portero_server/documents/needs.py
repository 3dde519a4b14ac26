"""What check-ins need of others, and how they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from portero_server.documents.judging import GuestBook, Judged
from portero_server.domain.cameras import Camera
from portero_server.domain.documents.document import DocumentReading
from portero_server.domain.documents.judgment import FaceEvidence, Liveness
from portero_server.domain.documents.liveness_session import LivenessResult


class RegisteredCamera(Protocol):
    """Looks a camera up."""

    async def get(self, camera_id: str) -> Camera:
        """Returns the camera. Raises NotFound."""
        ...


class Judgment(Protocol):
    """Judges a check-in (`documents/judging.py`)."""

    def __call__(
        self,
        reading: DocumentReading,
        face: FaceEvidence | None,
        liveness: Liveness | None,
        book: GuestBook,
        liveness_result: LivenessResult | None = None,
    ) -> Judged:
        """Returns the report, and who of the expected guests it is."""
        ...


class KnownHolders(Protocol):
    """Looks up what a check-in is judged against (`documents/arrivals.py`)."""

    async def book_for(self, reading: DocumentReading, today: date) -> GuestBook:
        """Returns today's arrivals, and earlier check-ins of the document's holder."""
        ...


@dataclass(frozen=True, slots=True)
class CheckInPolicy:
    """How check-ins are made.

    Attributes:
        patience: How long one may take, seconds.
        zone: Where the site is: by its date documents expire and guests arrive.
    """

    patience: float
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class CheckInPictures:
    """Pictures to check in with: whole JPEG or PNG files; `live` may be empty."""

    documents: Sequence[bytes]
    live: bytes = b""
