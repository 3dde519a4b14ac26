"""Who is where in every frame, and since when: what a server is judged by."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from tests.benchmarks.identity.script import Span

_ON = 0.7
"""How far the middle of a box may be from that of a face, in sizes of the face, to be on it."""
_CLEARLY = 1.6
"""How many times as far the next face must be; nearer, the box tells nothing of whose it is."""
_LOOKS_APART = 0.5
"""Seconds by which the box of a track may be older than the frame it is told with."""
_BEYOND = 0.2
"""Where two faces come nearest is the first moment at which they are not farther than that by so much, in widths."""


@dataclass(frozen=True, slots=True)
class Place:
    """A box in ratios of the picture: its middle and its sides."""

    x: float
    y: float
    width: float
    height: float

    def distance(self, other: Place) -> float:
        """Returns how far another box's middle is, in sizes of this one."""
        return max(abs(other.x - self.x) / self.width, abs(other.y - self.y) / self.height)


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody in a frame.

    Attributes:
        who: The key of a player; that of a person who is enrolled is the person's id.
        place: Where the face is, seen or not.
        visible: Whether the face can be seen: neither covered, nor turned away, nor in the dark.
    """

    who: str
    place: Place
    visible: bool


@dataclass(frozen=True, slots=True)
class TrueVisit:
    """Somebody's time in the picture, with absences that are too short to end a visit.

    Attributes:
        span: From the first to the last frame, seconds.
        first_visible: When the face was seen first; None: never.
        visible: For how many seconds it was seen.
    """

    who: str
    span: Span
    first_visible: float | None
    visible: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What a film shows.

    Attributes:
        interval: Seconds between frames.
        frames: Who is in each frame.
        enrolled: Whom the server can name.
    """

    interval: float
    frames: tuple[tuple[Shown, ...], ...]
    enrolled: frozenset[str]

    @property
    def people(self) -> tuple[str, ...]:
        """Returns everybody, in the order in which they come."""
        return tuple(dict.fromkeys(shown.who for frame in self.frames for shown in frame))

    def index(self, time: float) -> int:
        """Returns the frame that is shown at a time."""
        return max(0, min(len(self.frames) - 1, math.floor(time / self.interval + 1e-3)))

    def whose(self, place: Place, index: int) -> str | None:
        """Returns whose visible face a box lies on in a frame; None when it is nobody's, or not clearly one's."""
        near = sorted((shown.place.distance(place), shown.who) for shown in self.frames[index] if shown.visible)
        if not near or near[0][0] > _ON:
            return None
        return near[0][1] if len(near) == 1 or near[1][0] > _CLEARLY * near[0][0] else None

    def lately(self, place: Place, index: int) -> tuple[int, str] | None:
        """Returns whose face a box lies on, and in which frame: the latest one in which it lies clearly on one.

        A track's box is that of the last look, which may be as old as looks are rare. None if it lies on somebody
        else's face since, though covered: a detector finds faces of which half is seen.
        """
        hidden: str | None = None
        for earlier in range(index, max(-1, index - 1 - round(_LOOKS_APART / self.interval)), -1):
            if (who := self.whose(place, earlier)) is not None:
                return (earlier, who) if hidden in (None, who) else None
            hidden = hidden or self._hidden(place, earlier)
        return None

    def _hidden(self, place: Place, index: int) -> str | None:
        """Returns whose face, which cannot be seen, a box lies on in a frame."""
        near = min(self.frames[index], key=lambda shown: shown.place.distance(place), default=None)
        return near.who if near is not None and not near.visible and near.place.distance(place) <= _ON else None

    def seen(self, who: str, index: int) -> Place | None:
        """Returns where somebody's face is in a frame, if it is visible."""
        return next((shown.place for shown in self.frames[index] if shown.who == who and shown.visible), None)

    def change(self, before: str, after: str, first: int, last: int) -> int:
        """Returns the frame in which what followed one face most likely went over to another.

        Args:
            before: Whom it was on in frame `first`.
            after: Whom it was on in frame `last`.
            first: A frame.
            last: A later one.

        Returns:
            The first frame after `first` in which the other face is as near to the one as it comes, or to where that
            was seen last.
        """
        place = self.seen(before, first)
        costs: list[tuple[int, float]] = []
        for index in range(first + 1, last + 1):
            place = self.seen(before, index) or place
            other = self.seen(after, index)
            if place is not None and other is not None:
                costs.append((index, place.distance(other)))
        if not costs:
            return last
        nearest = min(cost for _, cost in costs)
        return next(index for index, cost in costs if cost <= nearest + _BEYOND)

    def visits(self, gap: float) -> list[TrueVisit]:
        """Returns everybody's visits; absences up to `gap` seconds do not end one."""
        return [visit for who in self.people for visit in self._visits_of(who, gap)]

    def _visits_of(self, who: str, gap: float) -> list[TrueVisit]:
        there = [index for index, frame in enumerate(self.frames) if any(shown.who == who for shown in frame)]
        spells: list[list[int]] = []
        for index in there:
            if spells and (index - spells[-1][-1]) * self.interval <= gap + 1e-6:
                spells[-1].append(index)
            else:
                spells.append([index])
        visits = []
        for spell in spells:
            visible = [index for index in spell if self.seen(who, index) is not None]
            first = visible[0] * self.interval if visible else None
            span = spell[0] * self.interval, spell[-1] * self.interval
            visits.append(TrueVisit(who, span, first, len(visible) * self.interval))
        return visits


class Trail:
    """Returns the person that something followed is on, frame by frame.

    Attributes:
        evidence: Frames in which a box of it lies on somebody, and whom, in order.
    """

    def __init__(self, truth: Truth, evidence: Iterable[tuple[int, str]]) -> None:
        """Takes the evidence in any order."""
        self._truth = truth
        self.evidence = sorted(set(evidence))
        self._on: list[tuple[int, str]] = []
        before = 0
        for index, who in self.evidence:
            if not self._on:
                self._on.append((index, who))
            elif self._on[-1][1] != who:
                self._on.append((truth.change(self._on[-1][1], who, before, index), who))
            before = index

    @property
    def begin(self) -> int:
        """The first frame of which something is known."""
        return self.evidence[0][0] if self.evidence else 0

    @property
    def end(self) -> int:
        """The last one."""
        return self.evidence[-1][0] if self.evidence else -1

    @property
    def people(self) -> tuple[str, ...]:
        """Returns whom it was on, in order."""
        return tuple(dict.fromkeys(who for _, who in self._on))

    def on(self, index: int) -> str | None:
        """Returns whom it is on in a frame; None before the first box, after the last, or when the face is hidden."""
        if not self.begin <= index <= self.end:
            return None
        who = self._on[bisect_right([start for start, _ in self._on], index) - 1][1]
        return who if self._truth.seen(who, index) is not None else None
