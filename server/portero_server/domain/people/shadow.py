"""Live searches asked of the standby too: whether both collections name the same people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

ENOUGH = 300
"""Searches in which somebody was named. Of so many without a fault, less than one in a hundred has one (95 %)."""
_FEW_LOST = 0.02
"""Share of the names that a switch may lose to chance: a face near the threshold falls to either side of it."""


class ShadowOutcome(Enum):
    """What the standby said to a search, beside the collection in use."""

    SAME = "same"
    """Both named the same person."""
    OTHER = "other"
    """Each named somebody else."""
    ONLY_IN_USE = "only_in_use"
    """Only the collection in use named somebody."""
    ONLY_STANDBY = "only_standby"
    """Only the standby named somebody."""
    NEITHER = "neither"
    """Neither named anybody."""
    UNASKED = "unasked"
    """The standby was not asked, or gave no answer: too many at once, no money, no quota, or a fault."""


def agreement(in_use: str | None, standby: str | None) -> ShadowOutcome:
    """Returns how the answers of both compare; None: nobody was named."""
    if in_use is None:
        return ShadowOutcome.NEITHER if standby is None else ShadowOutcome.ONLY_STANDBY
    if standby is None:
        return ShadowOutcome.ONLY_IN_USE
    return ShadowOutcome.SAME if in_use == standby else ShadowOutcome.OTHER


@dataclass(frozen=True, slots=True)
class ShadowTally:
    """How many searches agreed and how, since a collection stands by."""

    counts: Mapping[ShadowOutcome, int] = field(default_factory=dict)

    def of(self, outcome: ShadowOutcome) -> int:
        """Returns how many searches had an outcome."""
        return self.counts.get(outcome, 0)

    @property
    def compared(self) -> int:
        """How many searches both collections answered."""
        return sum(count for outcome, count in self.counts.items() if outcome is not ShadowOutcome.UNASKED)

    @property
    def named(self) -> int:
        """In how many of these somebody was named."""
        return self.compared - self.of(ShadowOutcome.NEITHER)

    @property
    def advice(self) -> str:
        """Whether to switch, in one line."""
        other, lost, gained = map(self.of, (ShadowOutcome.OTHER, ShadowOutcome.ONLY_IN_USE, ShadowOutcome.ONLY_STANDBY))
        if other:
            return f"do not switch yet: in {other} of {self.named} searches the standby named somebody else"
        known = self.of(ShadowOutcome.SAME) + lost
        if known and lost > max(1.0, _FEW_LOST * known):
            return f"do not switch yet: the standby did not know {lost} of {known} faces that are named now"
        if self.named < ENOUGH:
            return f"too few to tell: {self.named} searches with a name, and {ENOUGH} are needed"
        if gained > max(1.0, _FEW_LOST * self.named):
            return f"look first: the standby alone named somebody in {gained} of {self.named} searches"
        return f"switch: {self.of(ShadowOutcome.SAME)} of {known} names are the same, and none is another person's"
