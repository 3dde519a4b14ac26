"""Times of frames whose camera's clock is sound, or not."""

from __future__ import annotations

from datetime import datetime

from portero_server.domain.clocks.camera_clock import FrameTime


def time_of(captured: datetime, arrived: float = 0.0, span: int = 0) -> FrameTime:
    """Returns the time of a frame captured then; `arrived` stays behind where only the capture clock is to count."""
    return FrameTime(span, captured.timestamp(), arrived, captured.timestamp())
