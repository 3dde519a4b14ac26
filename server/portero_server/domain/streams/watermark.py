"""Decides which sequences of a stream are settled, and up to where all of them are."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from portero_server.domain.streams.frames import FrameOutcome

Fate = tuple[int, int, FrameOutcome]
"""First and last of consecutive sequences, and the one outcome that all of them have."""


@dataclass(slots=True)
class _Span:
    """Consecutive sequences with one outcome; `outcome` is None while undecided."""

    first: int
    last: int
    outcome: FrameOutcome | None
    frames: int


class Advance(NamedTuple):
    """How far the watermark moved.

    Attributes:
        sequence: The new watermark.
        outcomes: How many sequences it passed, by outcome.
        frames: How many of them were received frames (gaps are not).
        fates: The spans it passed: first sequence, last sequence and outcome.
    """

    sequence: int
    outcomes: Mapping[FrameOutcome, int]
    frames: int
    fates: Sequence[Fate] = ()


class Watermark:
    """Settles sequences in any order and advances over the settled prefix.

    Invariants: spans are contiguous and ascending from `sequence` + 1 to `last`; every sequence passed is counted
    exactly once. Memory: one span per held frame and one per run of gaps.
    """

    def __init__(self, sequence: int) -> None:
        """Starts after `sequence`, which is already durable (0: nothing is)."""
        self.sequence = sequence
        self.last = sequence
        self._spans: deque[_Span] = deque()
        self._open: dict[int, _Span] = {}
        self._holds: dict[int, tuple[FrameOutcome, set[str]]] = {}
        self._held_by: dict[str, list[int]] = {}

    @property
    def held(self) -> int:
        """Number of received frames that are not settled."""
        return len(self._open)

    def receive(self, sequence: int) -> tuple[int, int] | None:
        """Adds the next frame, which stays open until `settle`.

        Returns:
            The (first, last) sequences that were jumped over, now settled as MISSING, or None.

        Raises:
            ValueError: The sequence is not beyond the last one.
        """
        if sequence <= self.last:
            raise ValueError(f"sequence {sequence} is not beyond {self.last}")
        jumped = (self.last + 1, sequence - 1) if sequence > self.last + 1 else None
        if jumped is not None:
            self.skip(*jumped)
        span = _Span(sequence, sequence, None, 1)
        self._spans.append(span)
        self._open[sequence] = span
        self.last = sequence
        return jumped

    def skip(self, first: int, last: int) -> None:
        """Settles `first`..`last`, which must be the next sequences, as MISSING.

        Raises:
            ValueError: They are not the next ones.
        """
        if first != self.last + 1 or last < first:
            raise ValueError(f"{first}..{last} does not follow {self.last}")
        self._spans.append(_Span(first, last, FrameOutcome.MISSING, 0))
        self.last = last

    def settle(self, sequence: int, outcome: FrameOutcome) -> None:
        """Settles a received frame; repeating it changes nothing."""
        span = self._open.pop(sequence, None)
        if span is not None:
            span.outcome = outcome

    def settle_after(self, sequence: int, outcome: FrameOutcome, holders: Collection[str]) -> None:
        """Settles a received frame once all holders (undecided tracks seen in it) are released."""
        if not holders:
            self.settle(sequence, outcome)
            return
        self._holds[sequence] = (outcome, set(holders))
        for holder in holders:
            self._held_by.setdefault(holder, []).append(sequence)

    def release(self, holder: str) -> None:
        """Releases the frames that wait for this holder; an unknown holder is ignored."""
        for sequence in self._held_by.pop(holder, ()):
            outcome, holders = self._holds[sequence]
            holders.discard(holder)
            if not holders:
                del self._holds[sequence]
                self.settle(sequence, outcome)

    def hand_on(self, holder: str, to: str) -> None:
        """Lets the frames that wait for a holder wait for another one; an unknown holder is ignored."""
        for sequence in self._held_by.pop(holder, ()):
            holders = self._holds[sequence][1]
            holders.discard(holder)
            if to not in holders:
                holders.add(to)
                self._held_by.setdefault(to, []).append(sequence)

    def reject(self, sequence: int) -> bool:
        """Settles a received frame beyond the watermark as REJECTED, even if it is held or settled already.

        Returns:
            Whether there is such a frame.
        """
        for holder in self._holds.pop(sequence, (None, ()))[1]:
            self._held_by[holder].remove(sequence)
        self._open.pop(sequence, None)
        for span in self._spans:
            if span.frames and span.first == sequence:
                span.outcome = FrameOutcome.REJECTED
                return True
        return False

    @property
    def movable(self) -> bool:
        """Whether `advance` would move the watermark."""
        return bool(self._spans) and self._spans[0].outcome is not None

    def advance(self) -> Advance | None:
        """Advances over the settled prefix. Returns None if it is empty."""
        outcomes: dict[FrameOutcome, int] = {}
        frames = 0
        fates: list[Fate] = []
        spans = self._spans
        while spans and (outcome := spans[0].outcome) is not None:
            span = spans.popleft()
            outcomes[outcome] = outcomes.get(outcome, 0) + span.last - span.first + 1
            frames += span.frames
            fates.append((span.first, span.last, outcome))
            self.sequence = span.last
        return Advance(self.sequence, outcomes, frames, fates) if outcomes else None
