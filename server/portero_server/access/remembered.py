"""A set that forgets: what was not asked for the longest goes when there is too much."""

from __future__ import annotations

from collections import OrderedDict


class Remembered:
    """Remembers at most so many marks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._marks: OrderedDict[bytes, None] = OrderedDict()

    def __contains__(self, mark: bytes) -> bool:
        if mark not in self._marks:
            return False
        self._marks.move_to_end(mark)
        return True

    def __len__(self) -> int:
        return len(self._marks)

    def add(self, mark: bytes) -> None:
        """Remembers a mark."""
        self._marks[mark] = None
        self._marks.move_to_end(mark)
        if len(self._marks) > self._most:
            self._marks.popitem(last=False)
