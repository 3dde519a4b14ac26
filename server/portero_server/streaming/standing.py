"""How an open stream is doing, for those who ask."""

from __future__ import annotations

from portero_server.domain.clocks.clock_watch import ClockState
from portero_server.streaming.live import LiveStatus
from portero_server.streaming.session import Session
from portero_server.telemetry.camera_metrics import CameraFigures


def status_of(session: Session, now: float) -> LiveStatus:
    """Returns how a stream is doing (monotonic `now`, seconds)."""
    return LiveStatus(
        session=session.row.session,
        opened_at=session.opened_at,
        last_frame_at=session.arrivals.captured_at,
        frame_rate=session.arrivals.rate(now),
        frames_received=session.received,
        frames_rejected=session.rejected,
        frames_missing=session.missing,
        open_tracks=session.open_tracks,
        watermark_lag=session.lag,
        clock_state=session.timing.state,
        clock_skew=session.timing.skew,
    )


def figures_of(session: Session, now: float) -> CameraFigures:
    """Returns how a stream is doing, for its camera's metrics (monotonic `now`, seconds)."""
    last = session.arrivals.received_at
    return CameraFigures(
        frame_rate=session.arrivals.rate(now),
        last_frame_at=0.0 if last is None else last.timestamp(),
        capture_lag=session.arrivals.lag,
        watermark_lag=session.lag,
        watermark_age=session.arrivals.oldest(now),
        credit=session.credit,
        open_tracks=session.open_tracks,
        clock_skew=session.timing.skew or 0.0,
        clock_fault=session.timing.state is not ClockState.STEADY,
    )
