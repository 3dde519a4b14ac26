"""Settings of steering: when bridges are asked for a lower rate, smaller pictures or a pause."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, field_validator
from pydantic_settings import BaseSettings

from portero_server.domain.steering.opening_hours import ALWAYS, OpeningHours, OpeningSchedule
from portero_server.domain.steering.policy import SteeringPolicy
from portero_server.settings.types import Seconds

_DEFAULTS = SteeringPolicy()


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} must be a time zone of this machine's database, as America/Santiago") from None
    return name


def _checked_hours(text: str) -> str:
    OpeningHours.parse(text, ZoneInfo("UTC"))
    return text


Hours = Annotated[str, AfterValidator(_checked_hours)]


class SteeringSettings(BaseSettings):
    """When bridges are asked for a lower rate, smaller pictures or a pause, and when cameras are wanted at all."""

    steer: bool = Field(
        True,
        description="Whether bridges are asked for a lower rate, smaller pictures or a pause; advice as TOO_DARK is "
        "sent in any case. Without it, opening hours and budgets pause nothing.",
    )
    steer_idle_after: Seconds = Field(
        _DEFAULTS.idle_after,
        description="A live stream in which nothing changed for this time, and no face is followed, is idle, seconds.",
    )
    steer_idle_rate: float = Field(
        _DEFAULTS.idle_rate,
        ge=2,
        le=120,
        description="Rate that idle streams are asked for, frames a second; the first change brings back the full one. "
        "A person who arrives is noticed within one interval of it: half a second.",
    )
    steer_wait_limit: Seconds = Field(
        _DEFAULTS.wait_limit,
        description="A live stream whose frames wait longer in the server, or that has no credit, is overloaded when "
        "that lasts for this time: its rate is halved, seconds.",
    )
    steer_min_rate: float = Field(
        _DEFAULTS.min_rate, ge=0.2, le=120, description="Overloaded streams are asked for no less, frames a second."
    )
    steer_hold: Seconds = Field(
        _DEFAULTS.hold,
        description="Least time between two changes of an overloaded stream's rate, and time without trouble after "
        "which it is raised by half, seconds.",
    )
    steer_face_width: int = Field(
        _DEFAULTS.face_width,
        ge=60,
        le=2000,
        description="Width of a face that serves recognition well, pixels. When all faces of the last visits were "
        "twice as wide, smaller pictures are asked for, in which the smallest of them is that wide.",
    )
    steer_min_side: int = Field(
        _DEFAULTS.min_side, ge=160, le=16_384, description="No longest side below this is asked for, pixels."
    )
    steer_visits: int = Field(
        _DEFAULTS.visits, ge=1, le=1000, description="Number of visits before the size of a camera's faces is judged."
    )
    steer_size_lasts: Seconds = Field(
        _DEFAULTS.size_lasts,
        description="Smaller pictures are asked for at most for this time; then the full size is tried again, seconds.",
    )
    steer_budget_pause: bool = Field(
        _DEFAULTS.pause_when_spent,
        description="Whether live streams pause until midnight UTC when the budget is spent and no local engine "
        "answers instead (PORTERO_LOCAL_BACKING), rather than record everybody as a stranger.",
    )

    opening_hours: Hours = Field(
        ALWAYS,
        description='When cameras are wanted, as "Mon-Fri 07:00-12:00 14:00-20:00, Sat 22:00-02:00"; outside of it '
        "bridges are asked to pause.",
    )
    opening_hours_cameras: dict[str, Hours] = Field(
        {}, description='The same of single cameras, as JSON: {"door": "always", "desk": "Mon-Fri 09:00-17:00"}.'
    )
    time_zone: Annotated[str, AfterValidator(_checked_zone)] = Field(
        "UTC", description="Time zone of opening hours, as America/Santiago."
    )

    @field_validator("opening_hours_cameras")
    @classmethod
    def _without_prefix(cls, hours: dict[str, str]) -> dict[str, str]:
        for camera in hours:
            if "/" in camera:
                raise ValueError(f"{camera!r} must be a camera's id, as door")
        return hours

    def steering_policy(self, largest_side: int) -> SteeringPolicy | None:
        """Returns the thresholds of steering, or None if it is off.

        Args:
            largest_side: The longest side that the server takes, pixels.
        """
        if not self.steer:
            return None
        return SteeringPolicy(
            idle_after=self.steer_idle_after,
            idle_rate=self.steer_idle_rate,
            wait_limit=self.steer_wait_limit,
            min_rate=self.steer_min_rate,
            hold=self.steer_hold,
            face_width=self.steer_face_width,
            min_side=self.steer_min_side,
            max_side=largest_side,
            visits=self.steer_visits,
            size_lasts=self.steer_size_lasts,
            pause_when_spent=self.steer_budget_pause,
        )

    @property
    def opening_schedule(self) -> OpeningSchedule:
        """The opening hours of all cameras."""
        zone = ZoneInfo(self.time_zone)
        own = {camera: OpeningHours.parse(text, zone) for camera, text in self.opening_hours_cameras.items()}
        return OpeningSchedule(OpeningHours.parse(self.opening_hours, zone), own)
