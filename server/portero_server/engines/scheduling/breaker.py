"""A circuit breaker: after many failures of the service, calls stop until probes succeed again."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass
from enum import Enum


class BreakerState(Enum):
    """CLOSED allows all calls, OPEN none, HALF_OPEN a few probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """When a breaker opens and closes.

    Attributes:
        calls: How many of the latest answers are looked at, at most.
        memory: Seconds after which an answer is no longer looked at.
        least: Answers without which nothing is concluded. When the latest so many are all failures, their age does
            not matter: calls may be rare, because few are asked for or because throttling slowed them down.
        failed: Share of failures among them that opens the breaker, 0..1.
        pause: Seconds it stays open the first time; doubled each time the probes fail.
        longest_pause: Seconds it stays open at most.
        probes: Probes that may be under way at once.
        successes: Probes that must succeed, none failing between, to close it.
    """

    calls: int = 20
    memory: float = 10.0
    least: int = 5
    failed: float = 0.5
    pause: float = 1.0
    longest_pause: float = 8.0
    probes: int = 1
    successes: int = 3


class Breaker:
    """Decides whether calls make sense.

    Throttling does not count: it shows that the service is healthy. Each call belongs to the period in which it
    started; results from an earlier period are ignored.
    """

    def __init__(self, config: BreakerConfig, chance: random.Random) -> None:
        self._config = config
        self._chance = chance
        self._answers: deque[tuple[float, bool]] = deque(maxlen=config.calls)
        self._state = BreakerState.CLOSED
        self._period = 0
        self._pause = config.pause
        self._reopens = 0.0
        self._probing = 0
        self._proved = 0

    @property
    def state(self) -> BreakerState:
        """The state in force; OPEN becomes HALF_OPEN when the first probe starts."""
        return self._state

    def opens_at(self, now: float) -> float:
        """Returns the earliest time at which calls can make sense: `now`, or the end of the pause."""
        return max(now, self._reopens) if self._state is BreakerState.OPEN else now

    def ready_at(self, now: float) -> float:
        """Returns the time, `now` or later, from which a call may start; infinite while probes are awaited."""
        if self._state is BreakerState.HALF_OPEN and self._probing >= self._config.probes:
            return math.inf
        return self.opens_at(now)

    def started(self) -> int:
        """Records the start of a call, which `ready_at` must have allowed. Returns its period."""
        if self._state is BreakerState.OPEN:
            self._enter(BreakerState.HALF_OPEN)
        if self._state is BreakerState.HALF_OPEN:
            self._probing += 1
        return self._period

    def succeeded(self, now: float, period: int) -> bool:
        """Records a successful answer.

        Returns:
            Whether it ended an outage: the breaker has just closed.
        """
        if not self._ended(period):
            return False
        if self._state is BreakerState.CLOSED:
            self._answers.append((now, False))
            return False
        self._proved += 1
        if self._proved < self._config.successes:
            return False
        self._pause = self._config.pause
        self._enter(BreakerState.CLOSED)
        return True

    def failed(self, now: float, period: int) -> None:
        """Records a failure of the service, or a missing answer."""
        if not self._ended(period):
            return
        if self._state is BreakerState.HALF_OPEN:
            self._pause = min(self._config.longest_pause, 2 * self._pause)
            self._open(now)
            return
        self._answers.append((now, True))
        recent = [failed for time, failed in self._answers if time > now - self._config.memory]
        latest = [failed for _, failed in self._answers][-self._config.least :]
        often = len(recent) >= self._config.least and sum(recent) >= self._config.failed * len(recent)
        if often or (len(latest) == self._config.least and all(latest)):
            self._open(now)

    def passed(self, period: int) -> None:
        """Records the end of a call that says nothing about the service's health."""
        self._ended(period)

    def _ended(self, period: int) -> bool:
        if period != self._period:
            return False
        if self._state is BreakerState.HALF_OPEN:
            self._probing -= 1
        return True

    def _open(self, now: float) -> None:
        # Servers that saw the same outage must not all probe at the same moment.
        self._reopens = now + self._pause * self._chance.uniform(0.5, 1.0)
        self._enter(BreakerState.OPEN)

    def _enter(self, state: BreakerState) -> None:
        self._state = state
        self._period += 1
        self._probing = self._proved = 0
        self._answers.clear()
