"""Decides which recognitions share a batch, and which are dropped when the queue is full.

Waits for nothing and reads no clock: `Batcher` says what time it is, and sends what is planned.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from portero_server.domain.cameras import Lane

_T = TypeVar("_T")

LANES = (Lane.CHECK_IN, Lane.VISITOR, Lane.ATTENDANCE)
"""The lanes in the order in which they are served, most urgent first."""


class BatchDropPolicy(Enum):
    """Which request is dropped when one more comes to a full queue."""

    OLDEST_OF_LOWEST_LANE = "oldest_of_lowest_lane"
    """The one that waits longest in the least urgent lane that is not empty; it may be the new one."""


# Compared by identity: two requests with equal contents are still two.
@dataclass(slots=True, eq=False)
class Waiting(Generic[_T]):
    """A request that waits in the queue.

    Attributes:
        item: What the caller wants recognized; the planner does not look at it.
        lane: How urgent it is.
        since: When it came, monotonic seconds.
        deadline: When the answer is of no use any more, monotonic seconds; None: it waits without limit.
    """

    item: _T
    lane: Lane
    since: float
    deadline: float | None


@dataclass(frozen=True, slots=True)
class Planned(Generic[_T]):
    """What to do now; none of these requests is in the queue any more.

    Attributes:
        batch: What to send to the engine in one call, most urgent first; empty: nothing yet.
        expired: Requests whose deadline has passed, each to be told so.
    """

    batch: tuple[Waiting[_T], ...]
    expired: tuple[Waiting[_T], ...]


class BatchPlanner(Generic[_T]):
    """Queues requests until they fill a batch, or the oldest of them has waited long enough.

    Whether a batch is due is decided over all lanes together; what it then takes is the most urgent lanes first, and in
    each lane the oldest first.
    """

    # Not configurable: named here because every bounded queue says what it does when it is full.
    policy = BatchDropPolicy.OLDEST_OF_LOWEST_LANE

    def __init__(self, *, max_batch: int, delay: float, capacity: int) -> None:
        """Creates an empty queue.

        Args:
            max_batch: Most requests in a batch.
            delay: Longest time that a request waits for others to share its batch, seconds.
            capacity: Most requests in the queue.
        """
        self._max_batch = max_batch
        self._delay = delay
        self._capacity = capacity
        self._lanes: dict[Lane, deque[Waiting[_T]]] = {lane: deque() for lane in LANES}

    def __len__(self) -> int:
        """Returns the number of requests in the queue, over all lanes."""
        return sum(len(lane) for lane in self._lanes.values())

    def add(self, waiting: Waiting[_T]) -> Waiting[_T] | None:
        """Adds a request, whose `since` must not lie before that of the one added last.

        Returns:
            The request that was dropped because the queue was full, which may be the new one; None: it was not full.
        """
        self._lanes[waiting.lane].append(waiting)
        if len(self) <= self._capacity:
            return None
        least_urgent = next(lane for lane in reversed(LANES) if self._lanes[lane])
        return self._lanes[least_urgent].popleft()

    def remove(self, waiting: Waiting[_T]) -> None:
        """Removes a canceled request; does nothing if it left the queue before, in whatever way."""
        lane = self._lanes[waiting.lane]
        if waiting in lane:
            lane.remove(waiting)

    def plan(self, now: float) -> Planned[_T]:
        """Takes out of the queue what is due at `now` (monotonic seconds): at most one batch, and what has expired."""
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
        """Returns when the next batch must leave even if it is not full, monotonic seconds; None: the queue is empty.

        The time may lie in the past, as when the engine was busy and no batch could be sent.
        """
        # The first of each lane is its oldest.
        oldest = min((lane[0].since for lane in self._lanes.values() if lane), default=None)
        return None if oldest is None else oldest + self._delay
