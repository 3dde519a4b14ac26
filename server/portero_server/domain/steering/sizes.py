"""The size of pictures to ask a bridge for: smaller while every face is far larger than recognition needs."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from portero_server.domain.steering.policy import SteeringPolicy

_BETWEEN_VISITS = 5.0
"""Seconds without a face after which the next one is another visit."""
_NEEDLESS = 2.0
"""Faces of so many times the width that serves recognition well are needlessly large."""
_TOO_SMALL = 0.75
"""A face below this share of that width lifts the limit."""
_WORTH_ASKING = 0.9
"""A size above this share of the present one is not worth another encoding."""


class SizePlan:
    """Decides the size of one stream's pictures; times are monotonic seconds.

    The smallest face counts: whoever stands in the back must be recognized too. A smaller size hides faces that were
    small in the full one, so it is given up after a time even if no face says so.

    Attributes:
        wanted: The longest side to ask for, pixels, or None for no limit.
    """

    def __init__(self, policy: SteeringPolicy) -> None:
        self.wanted: int | None = None
        self._policy = policy
        # The smallest face of each visit, as a share of the picture's longest side.
        self._visits: deque[float] = deque(maxlen=policy.visits)
        self._face_at = -math.inf
        self._lowered_at = 0.0

    def saw(self, side: int, widths: Iterable[float], now: float) -> None:
        """Processes the faces of a picture, and decides.

        Args:
            side: The picture's longest side, pixels.
            widths: The widths of its faces, pixels; at least one.
            now: Monotonic seconds.
        """
        smallest = min(widths) / side
        if now - self._face_at >= _BETWEEN_VISITS or not self._visits:
            self._visits.append(smallest)
        else:
            self._visits[-1] = min(self._visits[-1], smallest)
        self._face_at = now
        if self.wanted is None:
            self._lower(side, now)
        elif smallest * min(side, self.wanted) < _TOO_SMALL * self._policy.face_width:
            self._lift()
            self._visits.append(smallest)

    def decide(self, now: float) -> None:
        """Lifts a limit that has lasted long enough."""
        if self.wanted is not None and now >= self._lowered_at + self._policy.size_lasts:
            self._lift()

    def _lower(self, side: int, now: float) -> None:
        policy, smallest = self._policy, min(self._visits)
        if len(self._visits) < policy.visits or smallest * side < _NEEDLESS * policy.face_width:
            return
        wanted = max(policy.min_side, math.ceil(policy.face_width / smallest))
        if wanted <= _WORTH_ASKING * side:
            self.wanted, self._lowered_at = wanted, now

    def _lift(self) -> None:
        self.wanted = None
        self._visits.clear()
