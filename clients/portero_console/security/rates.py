"""How often somebody may do something, in a bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000


class RateLimit:
    """Allows so many a minute of each caller, and as many at once (token bucket).

    Of at most 10,000 callers is remembered what they did; the one not seen for the longest is forgotten.
    """

    def __init__(self, per_minute: float, now: Callable[[], float], most: int = _MOST) -> None:
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute)
        self._now = now
        self._most = most
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Returns the seconds until the caller may do it again; 0 is now."""
        return max(0.0, (1 - self._refilled(caller)) / self._per_second)

    def count(self, caller: str) -> None:
        """Counts that the caller did it."""
        self._left[caller] = (self._refilled(caller) - 1, self._now())
        self._left.move_to_end(caller)
        while len(self._left) > self._most:
            self._left.popitem(last=False)

    def _refilled(self, caller: str) -> float:
        left, since = self._left.get(caller, (self._burst, self._now()))
        return min(self._burst, left + (self._now() - since) * self._per_second)
