"""How long a client that fails to log in must wait: not at all at first, then longer with each failure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """When failures cost time.

    Attributes:
        free: Failures that cost nothing: a bridge with an old key tries a few times.
        first: Wait after the next one, seconds; each further one doubles it.
        longest: Longest wait, seconds.
        forgotten: Seconds without a failure after which all failures are forgotten.
        most: Addresses remembered; the one not heard of for the longest is forgotten.
    """

    free: int = 10
    first: float = 1.0
    longest: float = 60.0
    forgotten: float = 600.0
    most: int = 10_000


class FailedLogins:
    """Remembers failures by the address they came from."""

    def __init__(self, policy: LoginPolicy) -> None:
        self._policy = policy
        # Failures in a row, and when the last one was.
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, address: str, now: float) -> float:
        """Returns the seconds (monotonic `now`) until this address may try again; 0: at once."""
        count, last = self._failures.get(address, (0, now))
        return max(0.0, last + self._delay(count) - now)

    def failed(self, address: str, now: float) -> None:
        """Records a failed login from this address."""
        count, last = self._failures.get(address, (0, now))
        self._failures[address] = (1 if now - last >= self._policy.forgotten else count + 1), now
        self._failures.move_to_end(address)
        if len(self._failures) > self._policy.most:
            self._failures.popitem(last=False)

    def _delay(self, count: int) -> float:
        beyond = count - self._policy.free
        if beyond <= 0:
            return 0.0
        # Doubling ends where the longest is reached, far below what a float can hold.
        return min(self._policy.longest, self._policy.first * 2.0 ** min(beyond - 1, 64))
