"""Rate limits, and token buckets: one per key, in a table of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Key = TypeVar("Key")


class Limit(Enum):
    """What is limited; the values are labels of the metric."""

    CONNECTIONS = "connections"
    LOGINS = "logins"
    REQUESTS = "requests"
    STREAMS = "streams"
    FRAMES = "frames"
    BYTES = "bytes"
    TOKEN_CHECKS = "token_checks"  # noqa: S105 - a label, not a secret


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate per second, and the burst it allows.

    Attributes:
        per_second: What a bucket gains, units a second; more than 0.
        burst: What it holds when full, units.
    """

    per_second: float
    burst: float


class Buckets(Generic[Key]):
    """Token buckets by key.

    An unknown key has a full bucket. If there are too many keys, the one unused for the longest is removed. It starts
    again with a full bucket, which it would have had anyway after `burst / per_second` seconds without use.
    """

    def __init__(self, rate: Rate, most: int) -> None:
        self._rate = rate
        self._most = most
        # What was left, and when.
        self._left: OrderedDict[Key, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: Key, now: float, amount: float = 1.0) -> float:
        """Takes an amount from a key's bucket, all or nothing.

        Args:
            key: The key whose bucket it is.
            now: Monotonic seconds, never going back.
            amount: Units; what is more than a whole bucket counts as a whole one, so that it can pass at all.

        Returns:
            0 if taken; else the seconds after which it can be, and nothing was taken.
        """
        amount = min(amount, self._rate.burst)
        left, then = self._left.get(key, (self._rate.burst, now))
        left = min(self._rate.burst, left + (now - then) * self._rate.per_second)
        wait = max(0.0, (amount - left) / self._rate.per_second)
        self._left[key] = (left if wait > 0 else left - amount, now)
        self._left.move_to_end(key)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait

    def put_back(self, key: Key, amount: float = 1.0) -> None:
        """Puts back what was taken a moment ago, since it led to nothing; an unknown key has a full bucket anyway."""
        if key in self._left:
            left, then = self._left[key]
            self._left[key] = (min(self._rate.burst, left + min(amount, self._rate.burst)), then)
