"""Limits log lines of one kind: the first few of each minute are written; the rest are counted and reported."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

Source = TypeVar("Source", bound=Hashable)

_WINDOW = 60.0


@dataclass(slots=True)
class _Window:
    began: float
    lines: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Suppressed(Generic[Source]):
    """Lines of a source that were suppressed in the minute that ended."""

    source: Source
    lines: int


class LineRates(Generic[Source]):
    """Decides line by line; `now` is monotonic seconds."""

    def __init__(self, most_sources: int = 1000) -> None:
        """Tracks up to a number of sources; the one whose minute began first is dropped first."""
        self._most_sources = most_sources
        # In the order in which their minutes began.
        self._windows: OrderedDict[Source, _Window] = OrderedDict()

    def __len__(self) -> int:
        return len(self._windows)

    def allows(self, source: Source, most: int, now: float) -> bool:
        """Counts a line, and returns whether it is one of the first `most` of its source's minute."""
        window = self._windows.get(source)
        if window is None or now - window.began >= _WINDOW:
            # Suppressed lines of an ended minute are told by `ended`, which is asked first.
            self._windows.pop(source, None)
            window = self._windows[source] = _Window(now)
        window.lines += 1
        if window.lines <= most:
            return True
        window.suppressed += 1
        return False

    def ended(self, now: float) -> list[Suppressed[Source]]:
        """Removes minutes that ended, or are too many, and returns those with suppressed lines."""
        told = []
        while self._windows:
            source, window = next(iter(self._windows.items()))
            if now - window.began < _WINDOW and len(self._windows) <= self._most_sources:
                break
            del self._windows[source]
            if window.suppressed:
                told.append(Suppressed(source, window.suppressed))
        return told

    def rest(self) -> list[Suppressed[Source]]:
        """Returns the suppressed lines that were not reported yet; for the end of the process."""
        return self.ended(float("inf"))
