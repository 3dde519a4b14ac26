"""The rate to ask a live bridge for: lower while the server cannot keep up, or while nothing happens."""

from __future__ import annotations

from typing import NamedTuple

from portero_server.domain.steering.policy import SteeringPolicy

_LOWERED = 0.5
_RAISED = 1.5
_EASY = 0.25
"""Share of the wait limit below which a stream is no longer overloaded; between the two, nothing changes."""
_WORTH_ASKING = 1.2
"""A stream must be so many times faster than the idle rate to be asked for it."""


class StreamLoad(NamedTuple):
    """How one stream does at a moment.

    Attributes:
        waiting: Seconds that its oldest frame has waited in the server.
        starved: Whether its bridge has no credit.
        rate: Frames a second that arrive.
        following: Whether any face is being followed.
    """

    waiting: float
    starved: bool
    rate: float
    following: bool


class RatePlan:
    """Decides the rate of one stream; times are monotonic seconds.

    An overloaded stream is halved at most once every `hold` seconds, and raised by half after as long a time without
    trouble, until it is as fast as before. An idle stream returns to its full rate with the first change.

    Attributes:
        limit: The rate that overload allows, or None.
        idle: Whether the stream is idle.
    """

    def __init__(self, policy: SteeringPolicy, now: float) -> None:
        self.limit: float | None = None
        self.idle = False
        self._policy = policy
        self._full = 0.0
        self._moved_at = now - policy.hold
        self._hard_since: float | None = None
        self._easy_since: float | None = None
        self._changed_at = now

    @property
    def wanted(self) -> float | None:
        """The rate to ask for, or None for no limit."""
        if not self.idle:
            return self.limit
        return self._policy.idle_rate if self.limit is None else min(self.limit, self._policy.idle_rate)

    def changed(self, now: float) -> None:
        """Records that something changed before the camera."""
        self._changed_at = now
        self.idle = False

    def decide(self, load: StreamLoad, now: float) -> None:
        """Processes the load of the stream, and decides."""
        if load.following:
            self.changed(now)
        elif now - self._changed_at >= self._policy.idle_after and load.rate > self._policy.idle_rate * _WORTH_ASKING:
            self.idle = True
        self._relieve(load, now)

    def _relieve(self, load: StreamLoad, now: float) -> None:
        policy = self._policy
        if load.starved or load.waiting > policy.wait_limit:
            self._easy_since = None
            if self._hard_since is None:
                self._hard_since = now
            # A stall that is over soon, as while a model is loaded, is no overload.
            if now - self._hard_since >= policy.wait_limit and now - self._moved_at >= policy.hold:
                self._lower(load.rate, now)
            return
        self._hard_since = None
        if load.waiting > policy.wait_limit * _EASY:
            self._easy_since = None
            return
        if self._easy_since is None:
            self._easy_since = now
        if self.limit is not None and now - max(self._easy_since, self._moved_at) >= policy.hold:
            self._raise(now)

    def _lower(self, rate: float, now: float) -> None:
        present = rate if self.limit is None else min(rate, self.limit)
        lowered = max(self._policy.min_rate, present * _LOWERED)
        if lowered >= present:
            return
        if self.limit is None:
            self._full = rate
        self.limit, self._moved_at = lowered, now

    def _raise(self, now: float) -> None:
        raised = (self.limit or self._full) * _RAISED
        self.limit = None if raised >= self._full else raised
        self._moved_at = now
