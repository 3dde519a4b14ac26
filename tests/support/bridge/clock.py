"""A clock for the bridge that jumps over every sleep, and remembers them."""

import asyncio
from datetime import UTC, datetime, timedelta


class JumpingClock:
    """Time passes only when somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.start = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Returns seconds that only grow."""
        return self.seconds

    def now(self) -> datetime:
        """Returns the time of day."""
        return self.start + timedelta(seconds=self.seconds - 100.0)

    async def sleep(self, seconds: float) -> None:
        """Lets so much time pass."""
        self.sleeps.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)
