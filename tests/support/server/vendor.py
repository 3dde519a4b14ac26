"""A recognition service as its client sees it: quotas a second, latency, and outages by the clock."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from portero_server.clock import Clock
from portero_server.errors import EngineThrottled, EngineUnavailable


class Trouble(Enum):
    """What is wrong during an outage: every call throttled, every call failing, or every call slow."""

    THROTTLING = "throttling"
    FAILING = "failing"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Outage:
    """Trouble from `begin` to `end`, seconds since the vendor was made."""

    begin: float
    end: float
    trouble: Trouble


class FakeVendor:
    """Counts arrivals in any one-second window and throttles what exceeds the quota.

    Attributes:
        arrivals: When calls came, seconds since the vendor was made, by operation.
        throttled: How many of them were throttled, by the second in which they came.
    """

    def __init__(
        self,
        clock: Clock,
        quotas: Mapping[str, int],
        *,
        latency: tuple[float, float] = (0.10, 0.20),
        travel: tuple[float, float] = (0.0, 0.04),
        outages: Sequence[Outage] = (),
    ) -> None:
        """Makes a vendor.

        Args:
            clock: Where time comes from.
            quotas: Calls a second by operation.
            latency: Seconds an answer takes, from..to.
            travel: Seconds a call is on its way, from..to, so that calls bunch up.
            outages: When something is wrong.
        """
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        self.throttled: Counter[int] = Counter()
        self._clock = clock
        self._began = clock.monotonic()
        self._quotas = quotas
        self._latency = latency
        self._travel = travel
        self._outages = outages
        self._chance = random.Random(7)

    def elapsed(self) -> float:
        """Returns the seconds since the vendor was made."""
        return self._clock.monotonic() - self._began

    async def call(self, operation: str) -> str:
        """Answers one call.

        Raises:
            EngineThrottled: It is above the quota, or the outage says so.
            EngineUnavailable: The outage says so.
        """
        await asyncio.sleep(self._chance.uniform(*self._travel))
        now = self.elapsed()
        arrivals = self.arrivals[operation]
        recent = sum(1 for time in arrivals[-2 * self._quotas[operation] :] if now - time < 1.0)
        arrivals.append(now)
        trouble = next((outage.trouble for outage in self._outages if outage.begin <= now < outage.end), None)
        if recent >= self._quotas[operation] or trouble is Trouble.THROTTLING:
            self.throttled[int(now)] += 1
            raise EngineThrottled(f"{operation} is above its quota")
        if trouble is Trouble.FAILING:
            await asyncio.sleep(0.05)
            raise EngineUnavailable(f"{operation} failed")
        await asyncio.sleep(self._chance.uniform(*self._latency) * (20 if trouble is Trouble.SLOW else 1))
        return operation

    def calls_by_second(self, operation: str, seconds: int) -> list[int]:
        """Returns how many calls came in each second since the vendor was made."""
        counts = Counter(int(time) for time in self.arrivals[operation])
        return [counts[second] for second in range(seconds)]
