"""Delays between retries: capped, jittered, and computed without a clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays that double from `first` to `cap` seconds; half of each is random, so that clients spread out."""

    first: float = 0.2
    cap: float = 5.0

    def __post_init__(self) -> None:
        if not 0 <= self.first <= self.cap:
            raise ValueError("a backoff must have 0 <= first <= cap")

    def delay(self, failures: int, draw: float) -> float:
        """Returns the seconds to wait after `failures` (1 or more) failures in a row; `draw` is a random 0..1."""
        # Beyond 2**30 the cap has long been reached, and the power would overflow a float in the end.
        ceiling = min(self.cap, self.first * 2.0 ** min(failures - 1, 30))
        return ceiling * (0.5 + 0.5 * draw)
