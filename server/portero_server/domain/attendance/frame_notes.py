"""Which frames of one stream were searched for faces and when they were taken, until it is known that they are settled.

Compact: of an uninterrupted time two notes at most two seconds apart are kept, and those that are settled are let go.
What the pictures said of the camera's view is kept beside them, of one frame a second.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from portero_server.domain.attendance.coverage import DEFAULT_PAUSE
from portero_server.domain.attendance.spans import TimeSpan
from portero_server.domain.detection.glimpse import Glimpse

_MOST = 50_000
"""Notes kept of a stream whose frames are not settled: a day without interruption. Of more, the oldest are let go."""
_MOST_GLIMPSES = 20_000
"""Likewise: five hours, in 12 MB. Credit lets a stream have far fewer frames in flight."""
_HOLDS = 2
"""Pauses for which a glimpse holds where none follows. Where frames leave no hole, the next one comes sooner."""


@dataclass(frozen=True, slots=True)
class WatchHole:
    """A time between two searched frames in which none was taken.

    Attributes:
        first_sequence, last_sequence: Numbers of the frames that never came or were refused; None: none is missing.
        unsearched: Whether frames came that were not searched.
    """

    span: TimeSpan
    first_sequence: int | None
    last_sequence: int | None
    unsearched: bool


class SettledLook(NamedTuple):
    """What a settled frame said of the camera's view, and the span for which it holds: until the next such frame."""

    span: TimeSpan
    glimpse: Glimpse


class SettledNotes(NamedTuple):
    """What settled frames show.

    Attributes:
        seen: Times in which frames were taken, without a hole.
        holes: Times in which none was.
        looks: What they said of the view, in the order of the frames.
    """

    seen: list[TimeSpan]
    holes: list[WatchHole]
    looks: list[SettledLook]


class _Note(NamedTuple):
    sequence: int
    taken_at: datetime
    joined: bool
    hole: WatchHole | None


class _NotedGlimpse(NamedTuple):
    sequence: int
    taken_at: datetime
    glimpse: Glimpse


class FrameNotes:
    """Notes on the frames of one stream, in the order of their sequences."""

    def __init__(self, pause: timedelta = DEFAULT_PAUSE) -> None:
        """Begins without a frame; those farther apart than `pause` leave a hole."""
        self._pause = pause
        self._notes: list[_Note] = []
        self._glimpses: deque[_NotedGlimpse] = deque()
        self._latest = 0
        self._jumped: int | None = None
        self._unsearched = False

    def note(self, sequence: int, taken_at: datetime, *, searched: bool, glimpse: Glimpse | None = None) -> None:
        """Notes a frame; one that was not searched for faces shows nothing, but its view may have been looked at."""
        if glimpse is not None:
            self._glimpses.append(_NotedGlimpse(sequence, taken_at, glimpse))
            if len(self._glimpses) > _MOST_GLIMPSES:
                self._let_go(self._glimpses.popleft().sequence)
        if self._latest and sequence > self._latest + 1 and self._jumped is None:
            self._jumped = self._latest + 1
        self._latest = sequence
        if not searched:
            self._unsearched = True
            return
        self._add(sequence, taken_at)
        self._jumped, self._unsearched = None, False

    def settled(self, durable_sequence: int) -> SettledNotes:
        """Returns what frames up to a sequence show that was not returned before."""
        seen: list[TimeSpan] = []
        holes: list[WatchHole] = []
        count = 0
        for before, after in zip(self._notes, self._notes[1:], strict=False):
            if after.sequence > durable_sequence:
                break
            count += 1
            if after.joined and before.taken_at < after.taken_at:
                seen.append(TimeSpan(before.taken_at, after.taken_at))
            if after.hole is not None:
                holes.append(after.hole)
        del self._notes[:count]
        return SettledNotes(seen, holes, self._settled_looks(durable_sequence))

    def clear(self) -> None:
        """Forgets all notes but the last, from which the next one is counted."""
        del self._notes[:-1]
        self._glimpses.clear()

    def _settled_looks(self, durable_sequence: int) -> list[SettledLook]:
        looks: list[SettledLook] = []
        while len(self._glimpses) > 1 and self._glimpses[1].sequence <= durable_sequence:
            before, after = self._glimpses.popleft(), self._glimpses[0]
            end = min(after.taken_at, before.taken_at + _HOLDS * self._pause)
            if before.taken_at < end:
                looks.append(SettledLook(TimeSpan(before.taken_at, end), before.glimpse))
        return looks

    def _let_go(self, sequence: int) -> None:
        """Removes the notes up to a frame: nobody knows whether a time was watched whose view is forgotten."""
        while self._notes and self._notes[0].sequence <= sequence:
            del self._notes[0]

    def _add(self, sequence: int, taken_at: datetime) -> None:
        if not self._notes:
            self._notes.append(_Note(sequence, taken_at, False, None))
            return
        last = self._notes[-1]
        apart = taken_at - last.taken_at
        joined = timedelta(0) <= apart <= self._pause
        hole = None
        if apart > self._pause:
            until = None if self._jumped is None else sequence - 1
            hole = WatchHole(TimeSpan(last.taken_at, taken_at), self._jumped, until, self._unsearched)
        note = _Note(sequence, taken_at, joined, hole)
        if joined and last.joined and len(self._notes) > 1 and taken_at - self._notes[-2].taken_at <= self._pause:
            self._notes[-1] = note
        else:
            self._notes.append(note)
        if len(self._notes) > _MOST:
            del self._notes[0]
