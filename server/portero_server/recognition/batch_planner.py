"""Decides which recognitions share a batch, and which are dropped when the queue is full. Synchronous."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from portero_server.domain.cameras import Lane

_T = TypeVar("_T")

LANES = (Lane.CHECK_IN, Lane.VISITOR, Lane.ATTENDANCE)
"""Order of service."""


class BatchDropPolicy(Enum):
    """What a full queue does with a new request."""

    OLDEST_OF_LOWEST_LANE = "oldest_of_lowest_lane"


@dataclass(slots=True, eq=False)
class Waiting(Generic[_T]):
    """A request in the queue since `since` (monotonic seconds)."""

    item: _T
    lane: Lane
    since: float
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Planned(Generic[_T]):
    """What to do now: a batch to send (may be empty), and requests whose deadline has passed."""

    batch: tuple[Waiting[_T], ...]
    expired: tuple[Waiting[_T], ...]


class BatchPlanner(Generic[_T]):
    """Collects requests until a batch is full or its oldest request has waited long enough.

    Requests in higher lanes are taken first. A request in a lower lane that fills the batch still makes it leave.
    """

    policy = BatchDropPolicy.OLDEST_OF_LOWEST_LANE

    def __init__(self, *, max_batch: int, delay: float, capacity: int) -> None:
        """Sets the largest batch, the longest wait for more requests (seconds) and the longest queue."""
        self._max_batch = max_batch
        self._delay = delay
        self._capacity = capacity
        self._lanes: dict[Lane, deque[Waiting[_T]]] = {lane: deque() for lane in LANES}

    def __len__(self) -> int:
        return sum(len(lane) for lane in self._lanes.values())

    def add(self, waiting: Waiting[_T]) -> Waiting[_T] | None:
        """Adds a request. Returns the request dropped for it if the queue is full, which may be the new one."""
        self._lanes[waiting.lane].append(waiting)
        if len(self) <= self._capacity:
            return None
        lowest = next(lane for lane in reversed(LANES) if self._lanes[lane])
        return self._lanes[lowest].popleft()

    def remove(self, waiting: Waiting[_T]) -> None:
        """Removes a canceled request; one that was already sent is ignored."""
        lane = self._lanes[waiting.lane]
        if waiting in lane:
            lane.remove(waiting)

    def plan(self, now: float) -> Planned[_T]:
        """Returns what to do now; the batch is empty if it is better to wait."""
        expired = tuple(
            waiting
            for lane in self._lanes.values()
            for waiting in lane
            if waiting.deadline is not None and waiting.deadline <= now
        )
        for waiting in expired:
            self._lanes[waiting.lane].remove(waiting)
        batch: list[Waiting[_T]] = []
        due = self.next_due()
        if len(self) >= self._max_batch or (due is not None and due <= now):
            for lane in LANES:
                while self._lanes[lane] and len(batch) < self._max_batch:
                    batch.append(self._lanes[lane].popleft())
        return Planned(tuple(batch), expired)

    def next_due(self) -> float | None:
        """Time at which the next batch must leave, monotonic seconds; None if the queue is empty."""
        oldest = min((lane[0].since for lane in self._lanes.values() if lane), default=None)
        return None if oldest is None else oldest + self._delay
