"""Decides how much of what waits is tried at a receiver that takes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Lane = TypeVar("Lane")

_TOLERATED = 3
"""Rounds in a row without a message that was taken, before the breaker opens."""


class DeliveryBreaker:
    """Opens when nothing was taken for some rounds; then one message is tried in each, until one is taken.

    An open breaker tries another camera's message each time: a receiver that refuses one camera's alone is found alive.
    """

    def __init__(self, tolerated: int = _TOLERATED) -> None:
        """Creates a closed breaker, which opens after `tolerated` rounds without success; 0: it never opens."""
        self._tolerated = tolerated
        self._barren = 0

    @property
    def is_open(self) -> bool:
        """Whether one message at a time is tried."""
        return 0 < self._tolerated <= self._barren

    def chosen(self, lanes: Sequence[Lane]) -> list[Lane]:
        """Returns the cameras' lanes whose messages are tried in the next round."""
        if not self.is_open or not lanes:
            return list(lanes)
        return [lanes[(self._barren - self._tolerated) % len(lanes)]]

    def round_ended(self, *, taken: int, problems: int) -> None:
        """Notes how many messages were taken in a round, and how many cameras' could not be sent."""
        if taken:
            self._barren = 0
        elif problems:
            self._barren += 1
