"""The current state of streams, for operators and metrics, and the registered cameras they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from portero_server.domain.cameras import Camera
from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.domain.detection.glimpse import ViewState
from portero_server.domain.steering.policy import NOTHING_ASKED, Asked
from portero_server.streaming.session import Session
from portero_server.telemetry.camera_metrics import CameraFigures

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """The current state of an open stream.

    Attributes:
        session: Name of the session.
        opened_at: UTC, the server's clock.
        last_frame_at: Capture time of the last frame received, or None before the first.
        frame_rate: Frames a second over the last seconds.
        frames_received: In this session, as the next two.
        frames_rejected: Answered with FrameRejected.
        frames_missing: Reported or found missing.
        open_tracks: Faces being followed.
        watermark_lag: Sequences received but not yet durable.
        clock_state: State of the bridge's clock.
        clock_skew: Seconds by which it is ahead of the server's, or None while unknown.
        agent: Name and version of the bridge, or empty.
        network_delay: Seconds of half a round trip, or None while unknown.
        asked: What the bridge is asked for at present.
        time_to_name_p50, time_to_name_p95: Seconds within which half, and 95 %, of the session's last hundred names
            came; None before the first.
        view: What the camera sees of what it should.
    """

    session: str
    opened_at: datetime
    last_frame_at: datetime | None
    frame_rate: float
    frames_received: int
    frames_rejected: int
    frames_missing: int
    open_tracks: int
    watermark_lag: int
    clock_state: ClockState = ClockState.STEADY
    clock_skew: float | None = None
    agent: str = ""
    network_delay: float | None = None
    asked: Asked = NOTHING_ASKED
    time_to_name_p50: float | None = None
    time_to_name_p95: float | None = None
    view: ViewState = ViewState.UNSPECIFIED


class LiveStreams(Protocol):
    """Looks up the streams of this server."""

    def status(self, camera_id: str) -> LiveStatus | None:
        """Returns the status of a camera's stream, or None if it has none open."""
        ...

    def last_picture(self, camera_id: str) -> datetime | None:
        """Returns when the last frame of a camera's closed sessions was captured, or None if that is not known."""
        ...


def status_of(session: Session, now: float) -> LiveStatus:
    """Returns the status of a stream at `now` (monotonic seconds)."""
    intake = session.state.intake
    return LiveStatus(
        session=session.row.session,
        opened_at=session.opened_at,
        last_frame_at=intake.arrivals.captured_at,
        frame_rate=intake.arrivals.rate(now),
        frames_received=intake.received,
        frames_rejected=intake.rejected,
        frames_missing=intake.missing,
        open_tracks=len(session.follower.tracks),
        watermark_lag=intake.lag,
        clock_state=intake.timing.state,
        clock_skew=intake.timing.skew,
        agent=session.steering.opening.agent,
        network_delay=intake.timing.network_delay,
        asked=session.steering.asked,
        time_to_name_p50=session.runner.naming_times.within(0.5),
        time_to_name_p95=session.runner.naming_times.within(0.95),
        view=session.follower.view,
    )


def figures_of(session: Session, now: float) -> CameraFigures:
    """Returns the figures of a stream for its camera's metrics at `now` (monotonic seconds)."""
    intake = session.state.intake
    last = intake.arrivals.received_at
    return CameraFigures(
        frame_rate=intake.arrivals.rate(now),
        last_frame_at=0.0 if last is None else last.timestamp(),
        capture_lag=intake.arrivals.lag,
        watermark_lag=intake.lag,
        watermark_age=intake.arrivals.oldest(now),
        credit=intake.credit,
        open_tracks=len(session.follower.tracks),
        clock_skew=intake.timing.skew or 0.0,
        clock_fault=intake.timing.faulty,
        network_delay=intake.timing.network_delay or 0.0,
        paused=session.steering.asked.pause is not None,
        view=session.follower.view,
    )


def log_opened(session: Session) -> None:
    """Logs that a stream opened, and by whom."""
    opening = session.steering.opening
    _log.info(
        "stream_opened",
        camera=session.camera.camera_id,
        session=session.row.session,
        durable_sequence=session.row.durable_sequence,
        mode="lossless" if opening.lossless else "live",
        agent=opening.agent,
    )


_PAGE = 200
"""Cameras read per query. Reading them one by one, a thousand streams would need two hundred queries a second."""


class CameraSource(Protocol):
    """Looks up registered cameras."""

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera. Raises NotFound if it does not exist."""
        ...

    async def list(self, limit: int, *, within: frozenset[str]) -> Sequence[Camera]:
        """Returns at most `limit` of the cameras `within` that exist."""
        ...


async def registered(source: CameraSource, camera_ids: Sequence[str]) -> AsyncIterator[tuple[str, Camera | None]]:
    """Yields each camera id with its registered camera, or None if it was removed.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    for first in range(0, len(camera_ids), _PAGE):
        asked = camera_ids[first : first + _PAGE]
        found = {camera.camera_id: camera for camera in await source.list(_PAGE, within=frozenset(asked))}
        for camera_id in asked:
            yield camera_id, found.get(camera_id)
