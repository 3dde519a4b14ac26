"""The only place that reads the time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the bridge knows of time."""

    def monotonic(self) -> float:
        """Returns seconds that only grow, from an arbitrary start."""
        ...

    def now(self) -> datetime:
        """Returns the time of day, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Returns seconds that only grow, from an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Returns the time of day, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Returns after so many seconds."""
        await asyncio.sleep(seconds)
