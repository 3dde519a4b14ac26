"""The only place that reads the time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """Reads the time; tests pass a clock that they control."""

    def now(self) -> datetime:
        """Returns the wall time, in UTC with its time zone set."""
        ...

    def monotonic(self) -> float:
        """Returns seconds on a clock that never goes back, for durations and deadlines."""
        ...


class SystemClock:
    """Reads the machine's clocks."""

    # Not wrapped in methods of ours: they are read for every frame.
    now = staticmethod(partial(datetime.now, UTC))
    """Returns the wall time, in UTC with its time zone set."""

    monotonic = staticmethod(time.monotonic)
    """Returns seconds on a clock that never goes back."""
