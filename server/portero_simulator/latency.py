"""Service times: lognormal, given by a median and a 95th percentile."""

from __future__ import annotations

import math
import random

_Z95 = 1.6448536269514722
"""The standard normal's 95th percentile."""


class Latency:
    """Draws random service times."""

    def __init__(self, median: float, p95: float, seed: int) -> None:
        """Sets the distribution, seconds; a median of 0 adds nothing to the time the recognition takes.

        Raises:
            ValueError: The 95th percentile is below the median, or the median below 0.
        """
        if not 0 <= median <= p95:
            raise ValueError("latency: 0 <= median <= 95th percentile does not hold")
        self._median = median
        self._sigma = math.log(p95 / median) / _Z95 if median > 0 else 0.0
        self._random = random.Random(seed)  # noqa: S311  # reproducible on purpose; guards no secret

    def draw(self) -> float:
        """Returns the duration of one call, seconds."""
        if self._median == 0:
            return 0.0
        return self._median * math.exp(self._random.gauss(0.0, self._sigma))
