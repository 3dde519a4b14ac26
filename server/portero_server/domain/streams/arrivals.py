"""Arrival statistics of a stream: frame rate, and age of the oldest frame that is not durable."""

from __future__ import annotations

from collections import deque
from datetime import datetime

_RATE_SPAN = 5.0
"""Seconds over which a live frame rate is taken."""


class Arrivals:
    """Tracks the arrivals of one stream's frames; all times are monotonic seconds unless stated otherwise.

    Attributes:
        captured_at: Capture time of the last sound frame, or None before the first.
        received_at: Its receipt by the wall clock, or None.
        lag: Seconds from its capture to its receipt, by both clocks.
    """

    def __init__(self, begun: float) -> None:
        self.captured_at: datetime | None = None
        self.received_at: datetime | None = None
        self.lag = 0.0
        self._begun = begun
        self._recent: deque[float] = deque(maxlen=256)
        self._waiting: deque[tuple[int, float]] = deque()

    def came(self, now: float) -> None:
        """Records that a frame arrived, valid or not."""
        self._recent.append(now)

    def took(self, sequence: int, captured_at: datetime, received_at: datetime, now: float) -> float:
        """Records a valid frame, which is not durable yet. Returns its lag."""
        self.captured_at, self.received_at = captured_at, received_at
        self.lag = lag = (received_at - captured_at).total_seconds()
        self._waiting.append((sequence, now))
        return lag

    def durable(self, sequence: int, now: float) -> list[float]:
        """Records that all frames up to this one are durable. Returns how long each of them took."""
        waiting, took = self._waiting, []
        while waiting and waiting[0][0] <= sequence:
            took.append(now - waiting.popleft()[1])
        return took

    def oldest(self, now: float) -> float:
        """Returns the age in seconds of the oldest frame that is not durable, or 0 if there is none."""
        return now - self._waiting[0][1] if self._waiting else 0.0

    def rate(self, now: float) -> float:
        """Returns the recent frame rate, frames per second."""
        recent = sum(now - moment <= _RATE_SPAN for moment in self._recent)
        return recent / max(1.0, min(_RATE_SPAN, now - self._begun))
