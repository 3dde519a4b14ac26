"""Registered cameras and their settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from portero_server.domain.detection.geometry import Box


class CameraMode(Enum):
    """What is looked for in a camera's frames."""

    FACES = "faces"
    TEXT = "text"


class Lane(Enum):
    """Priority of recognitions when the quota is short; the camera's purpose decides."""

    CHECK_IN = "check_in"
    VISITOR = "visitor"
    ATTENDANCE = "attendance"


class TimeSource(Enum):
    """Which clock dates a camera's frames.

    CAPTURE: the bridge's, as each frame states. ARRIVAL: this server's, when the frame arrives; for cameras with a
    broken clock, and for live streams only, since a spooled frame arrives long after it was taken.
    """

    CAPTURE = "capture"
    ARRIVAL = "arrival"


@dataclass(frozen=True, slots=True)
class Camera:
    """A registered source of frames.

    Attributes:
        camera_id: Last part of the resource name.
        display_name: Name to show to people.
        site: The place it belongs to, or empty.
        mode: What is looked for.
        purpose: Which lane its recognitions take.
        disabled: No stream is taken while set.
        visit_gap: A person seen again within this time is still the same sighting; None: the server's setting.
        similarity_threshold: Lowest similarity that names somebody here, 0..1; None: the server's setting.
        privacy_zones: Parts of the frame that nothing looks at.
        time_source: Whose clock says when its frames were taken.
    """

    camera_id: str
    display_name: str
    site: str
    mode: CameraMode
    purpose: Lane
    disabled: bool
    visit_gap: timedelta | None
    similarity_threshold: float | None
    created_at: datetime
    updated_at: datetime
    privacy_zones: tuple[Box, ...] = ()
    time_source: TimeSource = TimeSource.CAPTURE
