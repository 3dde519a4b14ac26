"""Judges from the results of recent commits whether the database accepts writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class WriteState(Enum):
    """Whether the database accepts writes, as far as commits have shown."""

    GOOD = "good"
    """It does: the last commit succeeded, recently."""

    BAD = "bad"
    """It does not: the last commit failed, recently."""

    UNKNOWN = "unknown"
    """The last commit, if any, is too long ago to tell: only a new one can."""


@dataclass(slots=True)
class WriteHealth:
    """Remembers how the last commit ended; times are monotonic seconds.

    Attributes:
        problem: Why the last commit that failed did so, in words for operators; empty before the first failure.
    """

    problem: str = ""
    _committed_at: float | None = field(default=None, init=False)
    _failed_at: float | None = field(default=None, init=False)

    def committed(self, now: float) -> None:
        """Records that a commit succeeded."""
        self._committed_at = now
        self._failed_at = None

    def failed(self, now: float, problem: str) -> None:
        """Records that the database did not accept a unit of work that writes.

        Args:
            now: When it failed.
            problem: Why, in words for operators.
        """
        self._failed_at = now
        self.problem = problem

    def state(self, now: float, max_age: float) -> WriteState:
        """Returns what the last commit says about writes, if it is less than `max_age` seconds old.

        A success before the last failure says nothing, however recent.
        """
        if self._failed_at is not None:
            return WriteState.BAD if now - self._failed_at < max_age else WriteState.UNKNOWN
        if self._committed_at is not None and now - self._committed_at < max_age:
            return WriteState.GOOD
        return WriteState.UNKNOWN
