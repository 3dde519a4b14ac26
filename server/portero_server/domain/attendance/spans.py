"""Spans of time, and what two lists of them have in common; all times are UTC, and a span ends before its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, order=True)
class TimeSpan:
    """The time from `start` until before `end`; never empty.

    Raises:
        ValueError: The end is not after the start, or a time has no zone.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError(f"{self.start} to {self.end} must have a time zone")
        if self.end <= self.start:
            raise ValueError(f"{self.start} to {self.end} must end after it starts")

    @property
    def length(self) -> timedelta:
        """How long it takes."""
        return self.end - self.start

    def meets(self, first: datetime, last: datetime) -> bool:
        """Returns whether the time from `first` to `last`, both included, has a moment of this span."""
        return first < self.end and last >= self.start

    def within(self, other: TimeSpan) -> TimeSpan | None:
        """Returns the part of this span that lies in another; None: there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return TimeSpan(start, end) if start < end else None


def merged(spans: Iterable[TimeSpan], pause: timedelta = timedelta(0)) -> tuple[TimeSpan, ...]:
    """Returns the same time as the fewest spans, in order.

    Args:
        spans: In any order; they may overlap and repeat.
        pause: Spans at most this far apart become one.
    """
    whole: list[TimeSpan] = []
    for span in sorted(spans):
        if whole and span.start <= whole[-1].end + pause:
            if span.end > whole[-1].end:
                whole[-1] = TimeSpan(whole[-1].start, span.end)
        else:
            whole.append(span)
    return tuple(whole)


def common(left: Sequence[TimeSpan], right: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Returns the time that two merged lists share, merged."""
    return tuple(_common(left, right))


def without(spans: Sequence[TimeSpan], removed: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    """Returns the time of one merged list that another merged list does not have, merged."""
    return tuple(part for span in spans for part in _without(span, removed))


def length(spans: Iterable[TimeSpan]) -> timedelta:
    """Returns how long the spans of a merged list take together."""
    return sum((span.length for span in spans), timedelta(0))


def _common(left: Sequence[TimeSpan], right: Sequence[TimeSpan]) -> Iterator[TimeSpan]:
    one = other = 0
    while one < len(left) and other < len(right):
        shared = left[one].within(right[other])
        if shared is not None:
            yield shared
        if left[one].end <= right[other].end:
            one += 1
        else:
            other += 1


def _without(span: TimeSpan, removed: Sequence[TimeSpan]) -> Iterator[TimeSpan]:
    start = span.start
    for each in removed:
        if each.start >= span.end:
            break
        if start < each.start:
            yield TimeSpan(start, each.start)
        start = max(start, each.end)
    if start < span.end:
        yield TimeSpan(start, span.end)
