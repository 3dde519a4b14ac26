"""The clock of streams and of the bridge; nothing else of theirs reads the time."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The clocks and timers that a stream uses."""

    def monotonic(self) -> float:
        """Returns seconds that never go back, from an arbitrary start."""
        ...

    def now(self) -> datetime:
        """Returns the wall time in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits for this many seconds."""
        ...


class SystemClock:
    """Reads the machine's clocks."""

    def monotonic(self) -> float:
        """Returns seconds that never go back, from an arbitrary start."""
        return time.monotonic()

    def now(self) -> datetime:
        """Returns the wall time in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Waits for this many seconds."""
        await asyncio.sleep(seconds)
