"""Whether the database takes writes, from what the last ones met."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class WriteState(Enum):
    """What is known of writes."""

    GOOD = "good"
    """One was committed lately."""

    BAD = "bad"
    """The last one failed, lately."""

    UNKNOWN = "unknown"
    """None was tried lately: try one."""


@dataclass(slots=True)
class WriteHealth:
    """Remembers the last commit that succeeded and the last that failed; times are monotonic seconds.

    Attributes:
        problem: What the last failure said, for people.
    """

    problem: str = ""
    _committed_at: float | None = None
    _failed_at: float | None = None

    def committed(self, now: float) -> None:
        """A commit succeeded."""
        self._committed_at = now
        self._failed_at = None

    def failed(self, now: float, problem: str) -> None:
        """A unit that writes failed for a reason of the database."""
        self._failed_at = now
        self.problem = problem

    def state(self, now: float, fresh: float) -> WriteState:
        """Returns what is known from the last `fresh` seconds. A failure counts until a commit succeeds after it."""
        if self._failed_at is not None:
            return WriteState.BAD if now - self._failed_at < fresh else WriteState.UNKNOWN
        if self._committed_at is not None and now - self._committed_at < fresh:
            return WriteState.GOOD
        return WriteState.UNKNOWN
