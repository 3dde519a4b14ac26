"""Registered cameras."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from portero_client.detections import Box


class CameraMode(Enum):
    """What is looked for in a camera's frames."""

    FACES = "faces"
    TEXT = "text"


class CameraPurpose(Enum):
    """The people a camera serves; it decides whose recognitions take priority when the quota is short."""

    CHECK_IN = "check_in"
    VISITOR = "visitor"
    ATTENDANCE = "attendance"


class TimeSource(Enum):
    """Which clock dates a camera's frames: the bridge's, or the server's at arrival."""

    CAPTURE = "capture"
    ARRIVAL = "arrival"


class ClockState(Enum):
    """The state of the clock of a camera's bridge."""

    UNKNOWN = "unknown"
    STEADY = "steady"
    SKEWED = "skewed"
    SET_BACK = "set_back"
    JUMPED_AHEAD = "jumped_ahead"
    STANDING_STILL = "standing_still"
    DRIFTING = "drifting"


class ViewState(Enum):
    """What a camera sees of what it should."""

    UNKNOWN = "unknown"
    """No stream is open, or nobody looks: the server keeps no attendance, or the camera watches no room."""
    CLEAR = "clear"
    DARK = "dark"
    COVERED = "covered"
    MOVED = "moved"


class SteeringCause(Enum):
    """Why a camera's bridge is asked for a lower rate, smaller pictures or a pause."""

    OVERLOADED = "overloaded"
    IDLE = "idle"
    LARGE_FACES = "large_faces"
    CLOSED = "closed"
    BUDGET_SPENT = "budget_spent"


@dataclass(frozen=True, slots=True)
class Camera:
    """A registered camera.

    Attributes:
        name: Resource name, "cameras/{camera}".
        display_name: Name to show to people.
        site: The place it belongs to, or empty.
        mode: What is looked for.
        purpose: The people it serves.
        disabled: No stream is taken while set.
        visit_gap: A person seen again within this time is still the same sighting; None: the server's setting.
        similarity_threshold: Lowest similarity that names somebody here, 0..1; None: the server's setting.
        create_time: When it was registered, UTC.
        update_time: When its settings were last changed, UTC.
        privacy_zones: Parts of the frame that nothing looks at.
        time_source: Whose clock says when its frames were taken; ARRIVAL takes live streams only.
    """

    name: str
    display_name: str
    site: str
    mode: CameraMode
    purpose: CameraPurpose
    disabled: bool
    visit_gap: timedelta | None
    similarity_threshold: float | None
    create_time: datetime
    update_time: datetime
    privacy_zones: tuple[Box, ...] = ()
    time_source: TimeSource = TimeSource.CAPTURE


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """The current status of a camera's stream.

    Attributes:
        streaming: Whether a stream is open at the server.
        session: The open session, or empty.
        open_time: When it opened, or None.
        last_frame_time: Capture time of the last frame received by the server, in this session or an earlier one, or
            None.
        frame_rate: Frames a second over the last seconds.
        frames_received: In this session; as are rejected and missing.
        frames_rejected: Refused by the server.
        frames_missing: Reported or found missing.
        open_tracks: Faces being followed.
        watermark_lag: Sequences received but not yet durable.
        clock_state: How the clock of the camera's bridge does; UNKNOWN where no stream is open, or at an older server.
        clock_skew: How far that clock is ahead of the server's; None while unknown.
        agent: Name and version of the bridge, or empty.
        network_delay: Half the time that a question of the server's and its answer took, or None while unknown.
        asked_max_rate: Frames a second that the bridge is asked not to exceed, or None.
        asked_max_side: Longest side that the bridge is asked not to exceed, pixels, or None.
        asked_pause: For how long from now the bridge is asked to take no images, or None.
        steering_causes: Why it is asked for that; causes that this client does not know are left out.
        time_to_name_p50: From receipt of the first frame that showed a face to its name: what half of the last hundred
            names of the session did not exceed, or None before the first.
        time_to_name_p95: The same for 95 % of them.
        view_state: What the camera sees of what it should, as of some seconds ago; UNKNOWN also at an older server.
    """

    streaming: bool
    session: str
    open_time: datetime | None
    last_frame_time: datetime | None
    frame_rate: float
    frames_received: int
    frames_rejected: int
    frames_missing: int
    open_tracks: int
    watermark_lag: int
    clock_state: ClockState = ClockState.UNKNOWN
    clock_skew: timedelta | None = None
    agent: str = ""
    network_delay: timedelta | None = None
    asked_max_rate: float | None = None
    asked_max_side: int | None = None
    asked_pause: timedelta | None = None
    steering_causes: tuple[SteeringCause, ...] = ()
    time_to_name_p50: timedelta | None = None
    time_to_name_p95: timedelta | None = None
    view_state: ViewState = ViewState.UNKNOWN
