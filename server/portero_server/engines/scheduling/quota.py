"""The pace of one operation's calls: a token bucket that adapts to throttling, under a hard limit per second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class QuotaConfig:
    """How a quota is used.

    Attributes:
        burst: Share of the quota that may start at once after a pause, 0..1.
        spread: Seconds by which calls may bunch up on their way: the provider sees no more than the quota in
            any second while the travel times of two calls differ by less.
        decrease: What a throttled call leaves of the rate, 0..1.
        increase: Share of the quota by which the rate grows back in a second of success, 0..1.
        calm: Seconds without throttling after which a storm is taken to be over. Whoever shares the account with
            others is throttled again sooner than that, and stays with the steady increase.
        halfway: Share of the quota up to which the rate doubles in a second of success once it is calm, 0..1.
        floor: Share of the quota below which throttling does not push the rate, 0..1.
        ramp: Share of the quota with which calls begin again after an outage, 0..1.
    """

    burst: float = 0.4
    spread: float = 0.05
    decrease: float = 0.5
    increase: float = 0.05
    calm: float = 5.0
    halfway: float = 0.5
    floor: float = 0.05
    ramp: float = 0.2


class Quota:
    """Paces the calls of one operation.

    Two rules hold at once. The bucket paces: it fills at the effective rate, which throttling cuts and success
    raises back to the quota (AIMD, quicker while far below it and calm), and holds no more than a small burst. The
    window bounds: however the bucket stands, no more than the quota starts in any `1 + spread` seconds.
    """

    def __init__(self, per_second: float, config: QuotaConfig, now: float) -> None:
        """Starts with a full bucket at the full rate.

        Args:
            per_second: The quota; below 1 it is one call every 1/per_second seconds.
            config: How it is used.
            now: Monotonic seconds.
        """
        self._config = config
        self._window = max(1.0, 1.0 / per_second) + config.spread
        self._bound = max(1, int(per_second))
        self._recent: deque[float] = deque(maxlen=self._bound)
        # The rate the window allows in the long run; pacing at more would only bunch calls at its edges.
        self._full = self._bound / self._window
        self._rate = self._full
        self._tokens = self._capacity
        self._filled = now
        self._grown = now
        self._cut = float("-inf")

    @property
    def rate(self) -> float:
        """Calls per second allowed now, in the long run."""
        return self._rate

    def ready_at(self, now: float) -> float:
        """Returns the time, `now` or later, from which the next call may start."""
        missing = 1.0 - self._level(now)
        ready = now if missing <= _EPSILON else now + missing / self._rate
        if len(self._recent) == self._bound:
            ready = max(ready, self._recent[0] + self._window)
        return ready

    def started(self, now: float) -> None:
        """Records the start of a call, which `ready_at` must have allowed."""
        self._tokens = self._level(now) - 1.0
        self._filled = now
        self._recent.append(now)

    def succeeded(self, now: float) -> None:
        """Raises the rate after a call that was not throttled.

        A success speaks for the second before it and no more, so an idle hour does not earn the full rate.
        """
        if self._rate < self._full:
            seconds = min(1.0, now - self._grown)
            grown = min(self._full, self._rate + self._full * self._config.increase * seconds)
            if now - self._cut >= self._config.calm:
                # From the floor, equal steps alone would take twenty seconds at best, and minutes where few come.
                grown = max(grown, min(self._full * self._config.halfway, self._rate * 2.0**seconds))
            self._change_rate(grown, now)
        self._grown = now

    def throttled(self, now: float, started: float) -> None:
        """Lowers the rate, once for all calls that were in progress together.

        Args:
            now: When the throttling became known.
            started: When the throttled call started.
        """
        self._grown = now
        if started < self._cut:
            return
        self._cut = now
        self._change_rate(max(self._full * self._config.floor, self._rate * self._config.decrease), now)
        self._tokens = min(self._tokens, 0.0)

    def restart(self, now: float) -> None:
        """Starts slowly after an outage, whatever the rate was before; earlier throttling is forgotten."""
        self._change_rate(self._full * self._config.ramp, now)
        self._tokens = min(self._tokens, 0.0)
        self._grown = now

    @property
    def _capacity(self) -> float:
        return max(1.0, self._rate * self._config.burst)

    def _level(self, now: float) -> float:
        return min(self._capacity, self._tokens + self._rate * (now - self._filled))

    def _change_rate(self, rate: float, now: float) -> None:
        self._tokens, self._filled = self._level(now), now
        self._rate = rate
