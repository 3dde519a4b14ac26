"""Delays between retries."""

from collections.abc import Callable

SOUND_SECONDS = 10.0
"""A success that lasts so long shows that whatever failed is well; a shorter one may be part of the failure."""


class Backoff:
    """Capped exponential delays with full jitter, so that many bridges do not retry in step.

    Args:
        base: Bound of the first delay, seconds.
        cap: Bound that delays never exceed, seconds.
        random: Returns a number in 0..1 (the jitter).
    """

    def __init__(self, base: float, cap: float, random: Callable[[], float]) -> None:
        self._base = base
        self._cap = cap
        self._random = random
        self._failures = 0

    @property
    def cap(self) -> float:
        """The bound that delays never exceed, seconds."""
        return self._cap

    def next_delay(self, lived: float = 0.0) -> float:
        """Records a failure and returns the seconds to wait after it.

        Args:
            lived: For how long it had worked before, seconds; a camera that gives one picture and fails again is
                tried less and less often all the same.
        """
        if lived >= SOUND_SECONDS:
            self.succeeded()
        # The exponent is bounded because 2.0**1024 overflows after a weekend of failures.
        bound = min(self._cap, self._base * 2.0 ** min(self._failures, 60))
        self._failures += 1
        return bound * self._random()

    def succeeded(self) -> None:
        """Records a success, which resets the delay."""
        self._failures = 0
