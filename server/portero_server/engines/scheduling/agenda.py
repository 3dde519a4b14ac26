"""A priority queue of numbers by due time, which the scheduler uses for deadlines, pauses and ages."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

_SLACK = 64


class Agenda:
    """A queue of due times, earliest first; any entry can be removed.

    Ties go to the smaller number. Removing leaves a stale entry in the heap, which is dropped when it reaches the top
    or when stale entries outnumber valid ones.
    """

    def __init__(self) -> None:
        self._due: dict[int, float] = {}
        self._heap: list[tuple[float, int]] = []

    def add(self, number: int, due: float) -> None:
        """Adds a number, or moves it to another time."""
        self._due[number] = due
        heapq.heappush(self._heap, (due, number))
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = [(due, number) for number, due in self._due.items()]
            heapq.heapify(self._heap)

    def discard(self, number: int) -> None:
        """Removes a number, if it is there."""
        self._due.pop(number, None)

    def first(self) -> int | None:
        """Returns the number due first, or None."""
        while self._heap:
            due, number = self._heap[0]
            if self._due.get(number) == due:
                return number
            heapq.heappop(self._heap)
        return None

    def next_due(self) -> float | None:
        """Returns the earliest due time, or None."""
        number = self.first()
        return None if number is None else self._due[number]

    def take_until(self, time: float) -> Iterator[int]:
        """Removes and returns, in order, the numbers due at `time` or before."""
        while (number := self.first()) is not None and self._due[number] <= time:
            self.discard(number)
            yield number
