"""Pictures of the faces that people review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReviewPicture:
    """The picture of the face that a sighting was decided from.

    Attributes:
        jpeg: Head and shoulders, a JPEG file.
        capture_time: When it was captured, UTC.
        quality: Quality of the shot, 0..1.
        expire_time: From when on the server does not show it any more, UTC.
    """

    jpeg: bytes
    capture_time: datetime
    quality: float
    expire_time: datetime
