"""Settings of attendance."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

from portero_server.domain.attendance.notices import NoticeRules
from portero_server.settings.types import Seconds

_NOTICES = NoticeRules()


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

    notice_late_times: int = Field(
        _NOTICES.late_times,
        ge=1,
        le=100,
        description="How often somebody must have been late for subscriptions to be told of it.",
    )
    notice_late_days: int = Field(
        _NOTICES.late_days, ge=1, le=365, description="Within how many days. It is told once in as many."
    )
    notice_low_percentage: float = Field(
        _NOTICES.low_percentage,
        ge=0,
        le=100,
        description="Whoever attended less than this of the decided sessions is told of, percent; 0: nobody.",
    )
    notice_low_days: int = Field(
        _NOTICES.low_days, ge=1, le=365, description="Of the sessions of how many days. It is told once in as many."
    )
    notice_low_sessions: int = Field(
        _NOTICES.low_sessions,
        ge=1,
        le=1000,
        description="How many of them must be decided before a percentage is told.",
    )
    notice_unproven_percentage: float = Field(
        _NOTICES.unproven_percentage,
        ge=0,
        le=100,
        description="A session is told of when so much of its people is unproven, percent, and at least one of them.",
    )
    notice_days: int = Field(
        _NOTICES.notice_days,
        ge=1,
        le=365,
        description="For how many days after a session began something new is told of it. Of older ones, as after the "
        "import of a roster or timetable that began weeks ago, only what was told is withdrawn.",
    )

    @property
    def notice_rules(self) -> NoticeRules:
        """When subscriptions are told of attendance."""
        return NoticeRules(
            self.notice_late_times,
            self.notice_late_days,
            self.notice_low_percentage,
            self.notice_low_days,
            self.notice_low_sessions,
            self.notice_unproven_percentage,
            self.notice_days,
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
