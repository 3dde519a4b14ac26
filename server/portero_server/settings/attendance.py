"""Settings of attendance."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.settings.types import Seconds


class AttendanceSettings(BaseSettings):
    """Whether it is decided who attended, and how long a session can be decided anew."""

    attendance: bool = Field(
        False,
        description="Whether it is written down when the cameras of rooms watch, and decided who attended the sessions "
        "of groups.",
    )
    attendance_settle: Seconds = Field(
        120.0, description="How long after its end a session is decided for the first time, seconds."
    )
    attendance_open_days: int = Field(
        21,
        ge=1,
        le=365,
        description="How long after its end a session is decided anew when something becomes known, and can be "
        "corrected, days; then its records stay as they are. Fewer where sightings or decisions are kept for less.",
    )

    @property
    def attendance_settle_delta(self) -> timedelta:
        """How long after its end a session is decided for the first time, as a duration."""
        return timedelta(seconds=self.attendance_settle)

    def attendance_open_for(self, *kept_days: int) -> timedelta:
        """Returns how long after its end a session may be decided anew.

        Args:
            kept_days: How long each kind of fact is kept, days; 0: for ever. A session is never decided from less than
                there was, so it is closed a day before any of it goes.
        """
        kept = [max(0, days - 1) for days in kept_days if days]
        return timedelta(days=min([self.attendance_open_days, *kept]))
