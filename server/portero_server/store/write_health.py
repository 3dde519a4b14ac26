"""Tracks whether the database accepts writes, from the results of recent commits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class WriteState(Enum):
    """What is known about writes."""

    GOOD = "good"
    """A commit succeeded recently."""

    BAD = "bad"
    """The last commit failed recently."""

    UNKNOWN = "unknown"
    """No commit was tried recently: try one."""


@dataclass(slots=True)
class WriteHealth:
    """Remembers the last successful and the last failed commit; times are monotonic seconds.

    Attributes:
        problem: Message of the last failure, for operators.
    """

    problem: str = ""
    _committed_at: float | None = None
    _failed_at: float | None = None

    def committed(self, now: float) -> None:
        """Records that a commit succeeded."""
        self._committed_at = now
        self._failed_at = None

    def failed(self, now: float, problem: str) -> None:
        """Records that a unit that writes failed because of the database."""
        self._failed_at = now
        self.problem = problem

    def state(self, now: float, fresh: float) -> WriteState:
        """Returns what is known from the last `fresh` seconds.

        A failure counts until a later commit succeeds.
        """
        if self._failed_at is not None:
            return WriteState.BAD if now - self._failed_at < fresh else WriteState.UNKNOWN
        if self._committed_at is not None and now - self._committed_at < fresh:
            return WriteState.GOOD
        return WriteState.UNKNOWN
