"""The capture times that are accepted. They are used in stored arithmetic and must leave room for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from portero_server.domain.streams.frames import FrameRefused, RejectionReason

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CaptureTimes:
    """The bounds of a capture time.

    Attributes:
        most_ahead: How far it may be ahead of the server's clock.
    """

    most_ahead: timedelta = timedelta(hours=24)

    def checked(self, captured_at: datetime | None, now: datetime) -> datetime:
        """Returns the capture time of a frame received at wall time `now`.

        Raises:
            FrameRefused: It is missing (None), before 1970 or too far ahead.
        """
        if captured_at is None:
            problem = "frame.capture_time must be set to a time of the years 1970 to 9999"
        elif captured_at < _EARLIEST:
            problem = "frame.capture_time must not be before 1970-01-01T00:00:00Z; is the camera's clock set?"
        elif captured_at - now > self.most_ahead:
            most = self.most_ahead.total_seconds()
            problem = (
                f"frame.capture_time must be at most {most:g} s ahead of the server's clock, "
                f"and is {(captured_at - now).total_seconds():.0f} s; is the camera's clock right?"
            )
        else:
            return captured_at
        raise FrameRefused(RejectionReason.BAD_CAPTURE_TIME, problem)
