"""When frames came, and how long they took."""

from __future__ import annotations

from datetime import UTC, datetime

from portero_server.domain.clocks.camera_clock import FrameTime
from portero_server.domain.streams.frames import Frame
from portero_server.streaming.intake import Arrivals

_NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)


def test_the_oldest_frame_that_is_not_durable_has_an_age() -> None:
    """Age grows from receipt until the frame is durable; each frame's way to durability is told once."""
    arrivals = Arrivals(100.0)
    for sequence, now in ((1, 100.0), (2, 101.0), (4, 102.0)):
        arrivals.took(Frame(sequence, _NOON, b"", 640, 480, now, 0.2, FrameTime(0, 0.0, 0.0, 0.0)), _NOON)
    assert arrivals.oldest(103.0) == 3.0
    assert list(arrivals.durable(3, 103.0)) == [3.0, 2.0]
    assert arrivals.oldest(103.0) == 1.0
    assert list(arrivals.durable(4, 104.0)) == [2.0]
    assert arrivals.oldest(104.0) == 0.0
    assert arrivals.lag == 0.2


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """Frames older than five seconds do not count."""
    arrivals = Arrivals(0.0)
    for step in range(50):
        arrivals.came(step / 10)
    assert arrivals.rate(5.0) == 10.0
    assert arrivals.rate(11.0) == 0.0
