"""When a camera, and all cameras of a session's rooms together, were watching, and why they were not.

A camera watched while frames of it were taken that are settled, and nothing was wrong with them. Everything else it did
not watch: that nothing is known of a time is never taken for watching.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from portero_server.domain.attendance.groups import Placement, views_of_room
from portero_server.domain.attendance.spans import TimeSpan, common, merged, without
from portero_server.domain.attendance.unproven import UnprovenCause, UnprovenSpan, overlaid

DEFAULT_PAUSE = timedelta(seconds=2)
"""Shorter than anybody takes to come through a door and into a room."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of the times at which one camera watched; the order in which it becomes known does not matter.

    Compact: a camera that worked all day has one span, and one more for each interruption.

    Attributes:
        seen: From when until when frames were taken that are settled; merged.
        faults: When something was wrong with the frames, or they are lost; merged by cause. A fault outranks frames.
        pause: Frames at most this far apart leave nothing unwatched, and neither does a shorter fault.
        watched: When the camera watched; merged.
    """

    seen: tuple[TimeSpan, ...] = ()
    faults: tuple[UnprovenSpan, ...] = ()
    pause: timedelta = DEFAULT_PAUSE
    watched: tuple[TimeSpan, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        faulty = merged(TimeSpan(each.start, each.end) for each in self.faults)
        long = tuple(span for span in faulty if span.length > self.pause)
        object.__setattr__(self, "watched", without(self.seen, long))

    def with_more(self, seen: Iterable[TimeSpan] = (), faults: Iterable[UnprovenSpan] = ()) -> Coverage:
        """Returns the coverage with what became known since; what is known already may come again.

        Args:
            seen: As the attribute, in any order.
            faults: As the attribute, in any order; one without length is none.
        """
        known = (each for each in (*self.faults, *faults) if each.start < each.end)
        return Coverage(merged((*self.seen, *seen), self.pause), overlaid(known), self.pause)

    def watched_at(self, at: datetime) -> bool:
        """Returns whether the camera watched at a time."""
        place = bisect_right(self.watched, at, key=lambda span: span.start)
        return place > 0 and at < self.watched[place - 1].end

    def watched_in(self, span: TimeSpan) -> Sequence[TimeSpan]:
        """Returns the spans of `watched` that have time in a span, whole."""
        first = bisect_right(self.watched, span.start, key=lambda each: each.end)
        return self.watched[first : bisect_left(self.watched, span.end, key=lambda each: each.start)]

    def blind_in(self, span: TimeSpan) -> tuple[UnprovenSpan, ...]:
        """Returns when within a span the camera did not watch, and why; in order and apart."""
        return tuple(
            part
            for hole in without((span,), self.watched_in(span))
            for part in _explained(hole, self._faults_in(hole), UnprovenCause.NO_STREAM)
        )

    def _faults_in(self, span: TimeSpan) -> Sequence[UnprovenSpan]:
        first = bisect_right(self.faults, span.start, key=lambda each: each.end)
        return self.faults[first : bisect_left(self.faults, span.end, key=lambda each: each.start)]


UNKNOWN_COVERAGE = Coverage()
"""That of a camera of which nothing is known."""


def seen_between(taken: Iterable[datetime], pause: timedelta = DEFAULT_PAUSE) -> tuple[TimeSpan, ...]:
    """Returns the spans that frames show which were taken at these times.

    Args:
        taken: Capture times of settled frames, as of each commit's watermark, in any order.
        pause: Frames farther apart show nothing of the time between them.
    """
    return merged(TimeSpan(before, after) for before, after in pairwise(sorted(set(taken))) if after - before <= pause)


def blind_in_rooms(
    room_ids: Iterable[str], placements: Sequence[Placement], coverages: Mapping[str, Coverage], span: TimeSpan
) -> tuple[UnprovenSpan, ...]:
    """Returns when within a span somebody could have been in one of the rooms unwatched, and why; in order and apart.

    A room is watched while at least one of its cameras watches, and the rooms while each of them is watched.

    Args:
        room_ids: The rooms to which somebody may have come.
        placements: Which cameras watch which rooms.
        coverages: By camera id; of a camera that is missing nothing is known.
        span: The time asked about.
    """
    return overlaid(part for room_id in room_ids for part in _blind_in_room(room_id, placements, coverages, span))


def _blind_in_room(
    room_id: str, placements: Sequence[Placement], coverages: Mapping[str, Coverage], span: TimeSpan
) -> Iterator[UnprovenSpan]:
    views = views_of_room(room_id, placements, span)
    watched: list[TimeSpan] = []
    blind: list[UnprovenSpan] = []
    for camera_id, parts in views.items():
        coverage = coverages.get(camera_id, UNKNOWN_COVERAGE)
        for part in parts:
            watched.extend(common(coverage.watched_in(part), (part,)))
            blind.extend(coverage.blind_in(part))
    for hole in without((span,), merged(watched)):
        yield from _explained(hole, overlaid(blind), UnprovenCause.NO_CAMERA)


def _explained(hole: TimeSpan, faults: Sequence[UnprovenSpan], otherwise: UnprovenCause) -> Iterator[UnprovenSpan]:
    """Yields the parts of a span with the causes of the faults there, which are in order and apart, or another one."""
    start = hole.start
    for fault in faults:
        part = TimeSpan(fault.start, fault.end).within(hole)
        if part is None:
            continue
        if start < part.start:
            yield UnprovenSpan(start, part.start, (otherwise,))
        yield UnprovenSpan(part.start, part.end, fault.causes)
        start = part.end
    if start < hole.end:
        yield UnprovenSpan(start, hole.end, (otherwise,))
