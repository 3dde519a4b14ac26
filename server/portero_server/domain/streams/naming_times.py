"""How soon the people before one camera were named lately."""

from __future__ import annotations

import math
from collections import deque

_KEPT = 100


class NamingTimes:
    """The times to name of the last hundred names of one stream, seconds."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_KEPT)

    def add(self, seconds: float) -> None:
        """Adds the seconds from the receipt of the first frame that showed a face to its name."""
        self._seconds.append(seconds)

    def within(self, share: float) -> float | None:
        """Returns the seconds within which this share of them, above 0 and up to 1, was named; None: nobody was."""
        if not self._seconds:
            return None
        return sorted(self._seconds)[math.ceil(share * len(self._seconds)) - 1]
