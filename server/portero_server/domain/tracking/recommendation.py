"""Which threshold reviewed outcomes speak for, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

_Z = 1.959964
"""The standard normal distribution has 95 % of its mass within so many standard deviations."""
MOST_WRONG = 0.05
"""A threshold is only recommended where at most so many names are wrong, 0..1, at the upper end of the interval."""


class Interval(NamedTuple):
    """Where a share lies with a confidence of 95 %, 0..1."""

    low: float
    high: float


def wilson(count: int, of: int) -> Interval:
    """Returns the Wilson score interval of a share (E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212).

    Unlike the usual one it is of use for few trials and for shares near 0; without trials it is everything.
    """
    if not of:
        return Interval(0.0, 1.0)
    share, square = count / of, _Z * _Z / of
    middle = (share + square / 2.0) / (1.0 + square)
    half = _Z * math.sqrt(share * (1.0 - share) / of + square / (4.0 * of)) / (1.0 + square)
    return Interval(max(0.0, middle - half) if count else 0.0, min(1.0, middle + half) if count < of else 1.0)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person said of a track's sighting: who it is, or (`denied`) who it is not."""

    person_id: str
    denied: bool = False

    def outcome(self, named: str | None) -> str:
        """Returns what a name is by this: "right", "wrong", "missed", or empty if nothing follows."""
        if self.denied:
            return "wrong" if named == self.person_id else ""
        if named is None:
            return "missed"
        return "right" if named == self.person_id else "wrong"


class TriedThreshold(NamedTuple):
    """A threshold, and how many reviewed tracks it names rightly and wrongly."""

    threshold: float
    right: int
    wrong: int

    @property
    def wrong_share(self) -> Interval:
        """Of the names it gives, how many are wrong."""
        return wilson(self.wrong, self.right + self.wrong)


def recommended(tried: Iterable[TriedThreshold]) -> TriedThreshold | None:
    """Returns the threshold with the most right names among those of which few are wrong, surely.

    Returns None where none is sure enough: that takes at least 73 reviewed names, and all of them right. Of equals the
    highest is taken.
    """
    sure = [each for each in tried if each.wrong_share.high <= MOST_WRONG]
    return max(sure, key=lambda each: (each.right, each.threshold), default=None)
