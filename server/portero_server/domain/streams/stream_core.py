"""One stream's state: what is admitted, settled and durable, and how much more may come.

Pure: the session does the work and reports what happened; nothing here waits or reads a clock.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from portero_server.domain.streams.credit import Credit, CreditLedger, CreditPolicy
from portero_server.domain.streams.frames import LAST_SEQUENCE, FrameOutcome
from portero_server.domain.streams.watermark import Advance, Watermark

Range = tuple[int, int]
"""First and last sequence."""


class FrameVerdict(Enum):
    """What to do with a received frame."""

    ADMITTED = "admitted"
    """Check it and look at it."""
    REPLAYED = "replayed"
    """It was durable when the stream opened: ignore it."""
    BACKWARDS = "backwards"
    """It was received before in this session, or is 0: refuse it; the numbering goes on."""
    BEYOND = "beyond"
    """Its sequence is larger than any that can be stored: refuse it; the numbering goes on without it."""
    UNAFFORDABLE = "unaffordable"
    """It was sent without credit: reject it."""


@dataclass(frozen=True, slots=True)
class FrameAdmission:
    """A verdict, and the sequences that were skipped and are now missing."""

    verdict: FrameVerdict
    jumped: Range | None = None


_ADMITTED = FrameAdmission(FrameVerdict.ADMITTED)


@dataclass(frozen=True, slots=True)
class Missing:
    """Sequences that will never arrive; `explained` if the bridge reported them."""

    first: int
    last: int
    explained: bool


class StreamCore:
    """Admission, credit and watermark of one session of one epoch.

    Invariants: a sequence is admitted at most once; every sequence up to `last` ends in exactly one outcome; the
    durable sequence never passes one that is not settled; credit never shrinks.
    """

    def __init__(self, durable_sequence: int, policy: CreditPolicy) -> None:
        """Starts after the sequences that were durable when the stream opened."""
        self.durable = durable_sequence
        self._resumed_after = durable_sequence
        self._watermark = Watermark(durable_sequence)
        self._credit = CreditLedger(policy)

    @property
    def last(self) -> int:
        """Highest sequence received or missing."""
        return self._watermark.last

    @property
    def lag(self) -> int:
        """Number of sequences received or missing but not yet durable."""
        return self._watermark.last - self.durable

    @property
    def waiting(self) -> Credit:
        """Frames and bytes that wait to be analyzed."""
        return self._credit.waiting

    @property
    def credit_left(self) -> int:
        """Number of frames that may still be sent."""
        return self._credit.left

    @property
    def wants_grant(self) -> bool:
        """Whether to grant the bridge more credit before it runs out."""
        return self._credit.low

    def grant(self, policy: CreditPolicy | None = None) -> Credit:
        """Returns the total that may have been sent; `policy` replaces the bounds."""
        return self._credit.grant(policy)

    def receive(self, sequence: int, size: int) -> FrameAdmission:
        """Takes in a frame of `size` bytes. Any verdict but ADMITTED and UNAFFORDABLE is final."""
        affordable = self._credit.receive(size)
        if not self._watermark.last < sequence <= LAST_SEQUENCE:
            # What was durable when the stream opened is not beyond the watermark either.
            self._credit.release(size)
            self._credit.commit(1)
            if sequence > LAST_SEQUENCE:
                return FrameAdmission(FrameVerdict.BEYOND)
            return FrameAdmission(
                FrameVerdict.REPLAYED if 0 < sequence <= self._resumed_after else FrameVerdict.BACKWARDS
            )
        jumped = self._watermark.receive(sequence)
        if affordable and jumped is None:
            return _ADMITTED
        return FrameAdmission(FrameVerdict.ADMITTED if affordable else FrameVerdict.UNAFFORDABLE, jumped)

    def reject(self, sequence: int, size: int) -> None:
        """Refuses a frame that was admitted."""
        self._watermark.settle(sequence, FrameOutcome.REJECTED)
        self._credit.release(size)

    def reject_late(self, sequence: int) -> bool:
        """Settles a frame beyond the watermark as REJECTED. Returns whether there is such a frame."""
        return self._watermark.reject(sequence)

    def looked_at(self, size: int) -> None:
        """Records that an admitted frame was analyzed and no longer waits."""
        self._credit.release(size)

    def settle(self, sequence: int, outcome: FrameOutcome, holders: Collection[str]) -> None:
        """Settles an admitted frame once all holders are released; at once if there are none."""
        self._watermark.settle_after(sequence, outcome, holders)

    def release(self, holder: str) -> None:
        """Releases the frames held by this holder."""
        self._watermark.release(holder)

    def gap(self, first: int, last: int) -> tuple[Missing, ...]:
        """Takes in a report of missing frames. Returns the new part of it, and what was skipped before it."""
        begun = self._watermark.last
        if last <= begun:
            return ()
        missing = []
        if first > begun + 1:
            missing.append(Missing(begun + 1, first - 1, explained=False))
        missing.append(Missing(max(first, begun + 1), last, explained=True))
        for span in missing:
            self._watermark.skip(span.first, span.last)
        return tuple(missing)

    @property
    def movable(self) -> bool:
        """Whether `advance` would move the watermark."""
        return self._watermark.movable

    def advance(self) -> Advance | None:
        """Moves the watermark over settled sequences. Returns the advance, which must be committed."""
        return self._watermark.advance()

    def committed(self, durable_sequence: int, frames: int) -> None:
        """Records that a commit with this watermark is durable and passed `frames` received frames."""
        self.durable = durable_sequence
        self._credit.commit(frames)
